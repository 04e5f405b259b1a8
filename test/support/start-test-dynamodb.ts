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
