import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { TableDefinition } from '../lib/tables.ts';

/** A table's definition as DynamoDB's CreateTable takes it; the time to live is no part of that. */
export const toCreateTableInput = (
  tableName: string,
  { partitionKey, sortKey, stream }: TableDefinition,
): CreateTableCommandInput => {
  const keys = [
    { name: partitionKey, type: 'HASH' as const },
    ...(sortKey === undefined ? [] : [{ name: sortKey, type: 'RANGE' as const }]),
  ];
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map(({ name }) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: keys.map(({ name, type }) => ({ AttributeName: name, KeyType: type })),
    ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }),
  };
};

const enableTimeToLive = async (client: DynamoDBClient, tableName: string, attribute: string) => {
  const { TimeToLiveDescription } = await client.send(
    new DescribeTimeToLiveCommand({ TableName: tableName }),
  );
  if (TimeToLiveDescription?.TimeToLiveStatus === 'ENABLED') return;
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: tableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: attribute },
    }),
  );
};

/** Creates the tables that are missing; those that exist stay as they are, with what is in them. */
export const createTables = async (
  client: DynamoDBClient,
  tables: Record<string, TableDefinition>,
): Promise<void> => {
  for (const [tableName, definition] of Object.entries(tables)) {
    try {
      await client.send(new CreateTableCommand(toCreateTableInput(tableName, definition)));
    } catch (error) {
      if (!(error instanceof ResourceInUseException)) throw error;
    }
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName: tableName });
    if (definition.timeToLive !== undefined) await enableTimeToLive(client, tableName, definition.timeToLive);
  }
};
