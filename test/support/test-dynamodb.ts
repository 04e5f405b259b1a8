import { afterAll, beforeAll } from '@jest/globals';
import type { DynamoDbLocal } from '../../local/dynamodb-local.ts';
import { startTestDynamoDb } from './start-test-dynamodb.ts';

/**
 * Starts a DynamoDB Local before the tests of a file, and stops it after them. The SDK of this process speaks to it.
 * @param prepare runs once it answers, for example to create tables
 */
export const useDynamoDb = (prepare?: () => Promise<void>): void => {
  let dynamoDb: DynamoDbLocal;
  beforeAll(async () => {
    dynamoDb = await startTestDynamoDb();
    await prepare?.();
  });
  afterAll(() => dynamoDb.stop());
};
