import { type DynamoDbLocal, startDynamoDbLocal } from '../../local/dynamodb-local.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { findJava } from '../../local/java.ts';

/**
 * An engine in memory for one test file, to which its SDK clients then speak. Files share none: DynamoDB Local gets slower
 * with every record that its streams keep, of deleted tables too, so that one file's data would slow down the next.
 */
export const startTestDynamoDb = async (): Promise<DynamoDbLocal> => {
  const engine = await startDynamoDbLocal({ java: await findJava(), owner: 'tests' });
  Object.assign(process.env, sdkEnvironment, { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint });
  return engine;
};
