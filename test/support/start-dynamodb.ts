import type { DynamoDbLocal } from '../../local/dynamodb-local.ts';
import { startSharedDynamoDb } from './shared-dynamodb.ts';

declare global {
  var sharedDynamoDb: DynamoDbLocal;
}

/** Jest runs this once, before all test files. */
export default async function startDynamoDb(): Promise<void> {
  globalThis.sharedDynamoDb = await startSharedDynamoDb();
}
