import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { StreamParameters } from '../../lib/manifest/stream-consumers.ts';
import { apiKeysTable, channelsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import type { StreamHandler } from '../../local/stream-function.ts';
import { type StreamMapping, startStreamMapping } from '../../local/stream-mapping.ts';
import { eventually } from '../support/eventually.ts';
import { consumerOf } from '../support/stream-builders.ts';
import { useDynamoDb } from '../support/test-dynamodb.ts';

let client: DynamoDBClient;
let tableName: string;
const mappings: StreamMapping[] = [];

useDynamoDb();

beforeAll(() => {
  client = new DynamoDBClient();
});
beforeEach(async () => {
  tableName = `table-${randomUUID()}`;
  await createTables(client, { [tableName]: channelsTable });
});
afterEach(async () => {
  for (const mapping of mappings.splice(0)) await mapping.stop();
});

const put = (sk: string, text = '') =>
  client.send(
    new PutItemCommand({ TableName: tableName, Item: { pk: { S: 'p' }, sk: { S: sk }, text: { S: text } } }),
  );
const remove = (sk: string) =>
  client.send(new DeleteItemCommand({ TableName: tableName, Key: { pk: { S: 'p' }, sk: { S: sk } } }));

const keysOf = (records: DynamoDBRecord[]) => records.map(({ dynamodb }) => dynamodb?.Keys?.sk?.S);

const start = async (handler: StreamHandler, parameters: Partial<StreamParameters> = {}) => {
  const lines: string[] = [];
  const mapping = await startStreamMapping({
    consumer: consumerOf(parameters),
    handler,
    tableName,
    report: (line) => lines.push(line),
  });
  mappings.push(mapping);
  return { ...mapping, lines };
};

/** A function that collects the records that it gets. */
const collector = () => {
  const records: DynamoDBRecord[] = [];
  return {
    records,
    handler: ({ Records }: DynamoDBStreamEvent) => {
      records.push(...Records);
    },
  };
};

describe('a stream mapping', () => {
  it('delivers every change from before and after its start, in order and in Lambda’s form', async () => {
    await put('a', 'first');
    const { records, handler } = collector();
    await start(handler);
    await put('a', 'second');
    await remove('a');
    await eventually(() => expect(records).toHaveLength(3));
    const Keys = { pk: { S: 'p' }, sk: { S: 'a' } };
    const [first, second] = ['first', 'second'].map((text) => ({ ...Keys, text: { S: text } }));
    const recordOf = (eventName: string, images: object) => ({
      eventID: expect.any(String),
      eventName,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      eventSourceARN: expect.stringContaining(`table/${tableName}/stream/`),
      awsRegion: 'ddblocal',
      dynamodb: {
        ApproximateCreationDateTime: expect.any(Number),
        Keys,
        SequenceNumber: expect.any(String),
        SizeBytes: expect.any(Number),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        ...images,
      },
    });
    expect(records).toEqual([
      recordOf('INSERT', { NewImage: first }),
      recordOf('MODIFY', { OldImage: first, NewImage: second }),
      recordOf('REMOVE', { OldImage: second }),
    ]);
  });

  it('delivers only what is written after its start if its starting position is LATEST', async () => {
    await put('before');
    const { records, handler } = collector();
    await start(handler, { startingPosition: 'LATEST' });
    await put('after');
    await eventually(() => expect(keysOf(records)).toEqual(['after']));
  });

  it('delivers independently of another mapping on the same stream', async () => {
    const [one, other] = [collector(), collector()];
    await start(one.handler, { batchSize: 1 });
    await start(other.handler);
    for (const sk of ['a', 'b', 'c']) await put(sk);
    for (const { records } of [one, other])
      await eventually(() => expect(keysOf(records)).toEqual(['a', 'b', 'c']));
  });

  it('makes a dead letter of a record that fails every time, reports it in one line, and continues after it', async () => {
    const { records, handler } = collector();
    for (const sk of ['a', 'poison', 'b']) await put(sk);
    const mapping = await start(
      (event) => {
        if (keysOf(event.Records).includes('poison')) throw new Error('poisonous');
        handler(event);
      },
      { retryAttempts: 1 },
    );
    await put('c');
    await eventually(() => expect(keysOf(records)).toEqual(['a', 'b', 'c']));
    expect(mapping.deadLetters).toHaveLength(1);
    expect(mapping.deadLetters[0]?.DDBStreamBatchInfo.batchSize).toBe(1);
    expect(mapping.lines.filter((line) => line.startsWith('dead letter'))).toEqual([
      `dead letter of tested: ${JSON.stringify(mapping.deadLetters[0])}`,
    ]);
  });

  it('keeps no dead letter if the consumer has none, reports what it drops, and continues after it', async () => {
    const lines: string[] = [];
    const delivered: (string | undefined)[] = [];
    const mapping = await startStreamMapping({
      consumer: { ...consumerOf({ retryAttempts: 0, batchSize: 1 }), deadLetters: false },
      handler: ({ Records }) => {
        delivered.push(...keysOf(Records));
        if (keysOf(Records).includes('poison')) throw new Error('poisonous');
      },
      tableName,
      report: (line) => lines.push(line),
    });
    mappings.push(mapping);
    for (const sk of ['poison', 'b']) await put(sk);
    await eventually(() => expect(delivered).toEqual(['poison', 'b']));
    expect(mapping.deadLetters).toEqual([]);
    expect(lines).toEqual([
      'tested failed on 1 records: poisonous',
      expect.stringMatching(/^dropped by tested: \{.*"condition":"RetryAttemptsExhausted"/),
    ]);
  });

  it('waits for an invocation in flight when it is stopped, and starts no other', async () => {
    const calls: string[] = [];
    let finish = () => {};
    const mapping = await start(
      async () => {
        calls.push('begun');
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        calls.push('ended');
      },
      { batchSize: 1 },
    );
    await put('a');
    await put('b');
    await eventually(() => expect(calls).toEqual(['begun']));
    const stopped = mapping.stop().then(() => calls.push('stopped'));
    finish();
    await stopped;
    expect(calls).toEqual(['begun', 'ended', 'stopped']);
  });

  it('does not start on a table without a stream', async () => {
    tableName = `keys-${randomUUID()}`;
    await createTables(client, { [tableName]: apiKeysTable });
    await expect(start(() => undefined)).rejects.toThrow(`The table ${tableName} has no stream`);
  });
});

describe('an invocation that takes longer than the timeout of the consumer', () => {
  it('counts as failed', async () => {
    const lines: string[] = [];
    const mapping = await startStreamMapping({
      consumer: { ...consumerOf({ retryAttempts: 0 }), timeoutSeconds: 0.01 },
      handler: () => new Promise(() => undefined),
      tableName,
      report: (line) => lines.push(line),
    });
    mappings.push(mapping);
    await put('a');
    await eventually(() => expect(mapping.deadLetters).toHaveLength(1));
    expect(lines[0]).toBe('tested failed on 1 records: it took more than 0.01 s');
  });
});
