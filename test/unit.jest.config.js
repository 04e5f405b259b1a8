import main from '../jest.config.js';

/** The tests that need no DynamoDB Local and no server. */
export default {
  ...main,
  rootDir: '..',
  testPathIgnorePatterns: [...main.testPathIgnorePatterns, '\\.integration\\.test\\.ts$'],
};
