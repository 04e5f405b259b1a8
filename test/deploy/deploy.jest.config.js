import main from '../../jest.config.js';

/** The deployment to an emulated AWS: its steps build on each other, and each runs the CDK. */
export default {
  ...main,
  rootDir: '../..',
  roots: ['<rootDir>/test/deploy'],
  testPathIgnorePatterns: [],
  globalSetup: '<rootDir>/test/deploy/start-emulator.ts',
  globalTeardown: '<rootDir>/test/deploy/stop-emulator.ts',
  testTimeout: 300_000,
};
