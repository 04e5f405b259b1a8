/** One configuration for every level; units need none of what the others share: one engine in memory for the whole run. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  // They deploy, which takes Python and minutes: npm run test:deploy.
  testPathIgnorePatterns: ['<rootDir>/test/deploy/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023' } }] },
  globalSetup: '<rootDir>/test/support/start-engine.ts',
  globalTeardown: '<rootDir>/test/support/stop-engine.ts',
  testTimeout: 60_000,
};
