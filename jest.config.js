/** One configuration for every level: units need nothing, the others share the engine that globalSetup starts. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023' } }] },
  testTimeout: 60_000,
};
