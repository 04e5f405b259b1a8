import { setTimeout } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { toCreateTableInput } from '../lib/manifest/create-table-input.ts';
import type { TableDefinition } from '../lib/manifest/tables.ts';

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

const indexesOf = async (client: DynamoDBClient, tableName: string) => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  return Table?.GlobalSecondaryIndexes ?? [];
};

/** Adds one index at a time, because UpdateTable allows only one. DynamoDB fills it from the items of the table. */
const addMissingIndexes = async (
  client: DynamoDBClient,
  tableName: string,
  definition: TableDefinition,
): Promise<void> => {
  const { AttributeDefinitions, GlobalSecondaryIndexes } = toCreateTableInput(tableName, definition);
  const present = new Set((await indexesOf(client, tableName)).map(({ IndexName }) => IndexName));
  for (const index of GlobalSecondaryIndexes ?? []) {
    if (present.has(index.IndexName)) continue;
    const keys = index.KeySchema?.map(({ AttributeName }) => AttributeName);
    await client.send(
      new UpdateTableCommand({
        TableName: tableName,
        AttributeDefinitions: AttributeDefinitions?.filter(({ AttributeName }) =>
          keys?.includes(AttributeName),
        ),
        GlobalSecondaryIndexUpdates: [{ Create: index }],
      }),
    );
    while ((await indexesOf(client, tableName)).some(({ IndexStatus }) => IndexStatus !== 'ACTIVE'))
      await setTimeout(50);
  }
};

/**
 * Creates the tables that are missing. To tables of an earlier version it adds the missing indexes. It changes nothing
 * else of an existing table, and keeps its items.
 * @param tables definitions by table name
 */
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
    await addMissingIndexes(client, tableName, definition);
    if (definition.timeToLive !== undefined) await enableTimeToLive(client, tableName, definition.timeToLive);
  }
};
