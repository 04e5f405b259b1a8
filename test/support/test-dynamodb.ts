import { afterAll, beforeAll } from '@jest/globals';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../local/dynamodb-local.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { findJava } from '../../local/java.ts';

/**
 * Starts a DynamoDB Local in memory, and points the SDK of this process to it. Each test file has its own: DynamoDB Local
 * gets slower with every record that its streams keep, even those of deleted tables. So the data of one file would slow
 * down the next.
 */
export const startTestDynamoDb = async (): Promise<DynamoDbLocal> => {
  const dynamoDb = await startDynamoDbLocal({ java: await findJava(), owner: 'tests' });
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
