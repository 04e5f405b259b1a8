/** One configuration for every level. All files share one DynamoDB Local (test/support/shared-dynamodb.ts). */
export default {
  testEnvironment: 'node',
  // Most files wait for DynamoDB Local. So one worker for each core is not too many. Jest's default is one fewer.
  maxWorkers: '100%',
  roots: ['<rootDir>/test'],
  // They deploy, which takes Python and minutes: npm run test:deploy.
  testPathIgnorePatterns: ['<rootDir>/test/deploy/'],
  globalSetup: '<rootDir>/test/support/start-dynamodb.ts',
  globalTeardown: '<rootDir>/test/support/stop-dynamodb.ts',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023' } }] },
  // Ends a test that hangs. It is so long that a busy machine fails no test.
  testTimeout: 300_000,
};
