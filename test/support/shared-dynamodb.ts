import { randomBytes } from 'node:crypto';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../local/dynamodb-local.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { findJava } from '../../local/java.ts';

const endpointVariable = 'TEST_DYNAMODB_ENDPOINT';

/**
 * Starts the DynamoDB Local that all test files share, in memory. This process, and the processes that it starts from now
 * on, find it by an environment variable.
 */
export const startSharedDynamoDb = async (): Promise<DynamoDbLocal> => {
  const dynamoDb = await startDynamoDbLocal({
    java: await findJava(),
    owner: 'tests',
    startTimeoutMs: 120_000,
  });
  process.env[endpointVariable] = dynamoDb.endpoint;
  return dynamoDb;
};

/**
 * Points the SDK of this process to the shared DynamoDB Local, with an access key of its own. Each access key has a database
 * of its own, so that files share no data.
 * @returns its endpoint
 */
export const enterSharedDynamoDb = (): string => {
  const endpoint = process.env[endpointVariable];
  if (!endpoint)
    throw new Error('No DynamoDB Local runs here: only files named *.integration.test.ts can use one.');
  Object.assign(process.env, sdkEnvironment, {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ACCESS_KEY_ID: randomBytes(10).toString('hex'),
  });
  return endpoint;
};
