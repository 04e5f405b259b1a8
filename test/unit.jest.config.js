import all from '../jest.config.js';

const { globalSetup: _, globalTeardown: __, ...main } = all;

/** The tests that need no DynamoDB Local and no server. */
export default {
  ...main,
  rootDir: '..',
  testPathIgnorePatterns: [...main.testPathIgnorePatterns, '\\.integration\\.test\\.ts$'],
};
