import main from '../../jest.config.js';

/** Tests that deploy to an emulated AWS. Each test builds on the ones before it, and most of them run the CDK. */
export default {
  ...main,
  rootDir: '../..',
  roots: ['<rootDir>/test/deploy'],
  testPathIgnorePatterns: [],
  globalSetup: '<rootDir>/test/deploy/start-emulator.ts',
  globalTeardown: '<rootDir>/test/deploy/stop-emulator.ts',
  testTimeout: 300_000,
};
