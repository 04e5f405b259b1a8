import { afterAll, beforeAll } from '@jest/globals';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../local/dynamodb-local.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { findJava } from '../../local/java.ts';

/**
 * Starts a DynamoDB Local in memory, and points the SDK of this process to it. Each test file has its own, so
 * that files share no tables and a file that fails leaves nothing behind.
 */
export const startTestDynamoDb = async (): Promise<DynamoDbLocal> => {
  const dynamoDb = await startDynamoDbLocal({
    java: await findJava(),
    owner: 'tests',
    startTimeoutMs: 120_000,
  });
  Object.assign(process.env, sdkEnvironment, { AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint });
  return dynamoDb;
};

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
