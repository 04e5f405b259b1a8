import { beforeAll } from '@jest/globals';
import { enterSharedDynamoDb } from './shared-dynamodb.ts';

/**
 * Points the SDK to the DynamoDB Local that all test files share, before the tests of a file.
 * @param prepare runs after that, for example to create tables
 */
export const useDynamoDb = (prepare?: () => Promise<void>): void => {
  beforeAll(async () => {
    enterSharedDynamoDb();
    await prepare?.();
  });
};
