/** One configuration for every level; a file that needs DynamoDB Local starts its own (test/support/test-dynamodb.ts). */
export default {
  testEnvironment: 'node',
  // Most files wait for DynamoDB Local, so one worker for each core is not too many. Jest's default is one fewer.
  maxWorkers: '100%',
  roots: ['<rootDir>/test'],
  // They deploy, which takes Python and minutes: npm run test:deploy.
  testPathIgnorePatterns: ['<rootDir>/test/deploy/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023' } }] },
  // Ends a test that hangs. It is so long that a busy machine fails no test.
  testTimeout: 300_000,
};
