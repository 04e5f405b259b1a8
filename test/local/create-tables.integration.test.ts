import { randomUUID } from 'node:crypto';
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { toCreateTableInput } from '../../lib/manifest/create-table-input.ts';
import { apiKeysTable, channelsTable, type TableDefinition } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import { useDynamoDb } from '../support/test-dynamodb.ts';

const keySchema = (partitionKey: string, sortKey: string) => [
  { AttributeName: partitionKey, KeyType: 'HASH' },
  { AttributeName: sortKey, KeyType: 'RANGE' },
];

describe('toCreateTableInput', () => {
  it('describes the table with its keys, indexes and stream', () => {
    const definition: TableDefinition = {
      partitionKey: 'pk',
      sortKey: 'sk',
      timeToLive: 'expiresAt',
      stream: true,
      indexes: [
        { name: 'byText', partitionKey: 'pk', sortKey: 'text', projection: 'ALL' },
        {
          name: 'byTime',
          partitionKey: 'pk',
          sortKey: 'time',
          sortKeyType: 'number',
          projection: 'KEYS_ONLY',
        },
        { name: 'some', partitionKey: 'sk', projection: ['text'] },
      ],
    };
    expect(toCreateTableInput('channels', definition)).toEqual({
      TableName: 'channels',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'text', AttributeType: 'S' },
        { AttributeName: 'time', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        { IndexName: 'byText', KeySchema: keySchema('pk', 'text'), Projection: { ProjectionType: 'ALL' } },
        {
          IndexName: 'byTime',
          KeySchema: keySchema('pk', 'time'),
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
        {
          IndexName: 'some',
          KeySchema: [{ AttributeName: 'sk', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['text'] },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  it('leaves out the sort key and the stream if the definition has none', () => {
    expect(toCreateTableInput('keys', apiKeysTable)).toEqual({
      TableName: 'keys',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    });
  });
});

describe('createTables', () => {
  useDynamoDb();

  it('creates missing tables and does not change existing ones', async () => {
    const client = new DynamoDBClient({});
    const [channels, keys] = [`channels-${randomUUID()}`, `keys-${randomUUID()}`];
    const item = { pk: { S: 'a' }, sk: { S: 'b' } };

    await createTables(client, { [channels]: channelsTable });
    await client.send(new PutItemCommand({ TableName: channels, Item: item }));
    await createTables(client, { [channels]: channelsTable, [keys]: apiKeysTable });

    const { Item } = await client.send(new GetItemCommand({ TableName: channels, Key: item }));
    expect(Item).toEqual(item);
    const { Table } = await client.send(new DescribeTableCommand({ TableName: channels }));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    const timeToLive = async (TableName: string) =>
      (await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription;
    expect(await timeToLive(channels)).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
    expect(await timeToLive(keys)).toEqual({ TimeToLiveStatus: 'DISABLED' });
  });

  it('adds missing indexes to a table of an earlier version, and the indexes contain its items', async () => {
    const client = new DynamoDBClient({});
    const TableName = `channels-${randomUUID()}`;
    const { indexes: _, ...earlier } = channelsTable;
    await createTables(client, { [TableName]: earlier });
    const item = { pk: { S: 'a' }, sk: { S: 'b' }, updatedAt: { N: '5' } };
    await client.send(new PutItemCommand({ TableName, Item: item }));

    await createTables(client, { [TableName]: channelsTable });
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const { GlobalSecondaryIndexes } = toCreateTableInput(TableName, channelsTable);
    const byIndexName = (a: { IndexName?: string | undefined }, b: typeof a) =>
      `${a.IndexName}` < `${b.IndexName}` ? -1 : 1;
    expect(Table?.GlobalSecondaryIndexes?.toSorted(byIndexName)).toMatchObject(
      (GlobalSecondaryIndexes ?? [])
        .map((index) => ({ ...index, IndexStatus: 'ACTIVE' }))
        .toSorted(byIndexName),
    );
    const { Items } = await client.send(
      new QueryCommand({
        TableName,
        IndexName: 'byUpdatedAt',
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'a' } },
      }),
    );
    expect(Items).toEqual([item]);
  });
});
