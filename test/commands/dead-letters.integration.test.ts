import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import { describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { catchUp } from '../../commands/replay/catch-up.ts';
import { readDeadLetterChanges } from '../../commands/replay/dead-letters.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { readChange } from '../../lib/dynamodb/stream-record.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { toEvent } from '../../lib/events/to-event.ts';
import { fromVersionItem } from '../../lib/history/version-items.ts';
import { type StreamConsumer, streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { channelsTable, historyTable, projectionsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import { startStreamMapping } from '../../local/stream-mapping.ts';
import { eventually } from '../support/eventually.ts';
import { channelOf } from '../support/seed.ts';
import { useDynamoDb } from '../support/test-dynamodb.ts';

const tableName = `channels-${randomUUID()}`;
const projectionsName = `projections-${randomUUID()}`;
const historyName = `history-${randomUUID()}`;

useDynamoDb(() =>
  createTables(new DynamoDBClient(), {
    [tableName]: channelsTable,
    [projectionsName]: projectionsTable,
    [historyName]: historyTable,
  }),
);

/** All items of a table, in the order of their keys. */
const readAll = async (table: Table): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const item of table.scan()) items.push(item);
  const keyOf = ({ pk, sk }: Item) => `${pk} ${sk}`;
  return items.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
};

it('the changes of a dead letter are read from the stream, and no events of other records; they get into the change log and the history, as often as this is repeated', async () => {
  const session = { client: connect(), meter: new Meter(), signal: AbortSignal.timeout(60_000) };
  const [table, projections, history] = [tableName, projectionsName, historyName].map(
    (name) => new Table(session, name),
  ) as [Table, Table, Table];
  const write = async (ordinal: number) => {
    const channel = channelOf(ordinal);
    const renamed = { ...channel, name: 'Renamed', __v: 1, updatedAt: channel.updatedAt + 1 };
    const by = { now: channel.updatedAt + 2, keyId: 'key1' };
    await table.transact(() => planChannelWrites(undefined, channel, by, 0));
    await table.transact(() => planChannelWrites(channel, renamed, by, 0));
    if (ordinal === 2) await table.transact(() => planChannelWrites(renamed, undefined, by, 0));
  };
  const publisher = streamConsumers.find(({ name }) => name === 'publish-events') as StreamConsumer;
  const mapping = { ...publisher.mapping, retryAttempts: 0, bisectBatchOnError: false, batchSize: 3 };
  const lost: unknown[] = [];
  let batches = 0;
  for (const ordinal of [1, 2, 3]) await write(ordinal);
  const running = await startStreamMapping({
    consumer: { ...publisher, mapping },
    handler: ({ Records }) => {
      if (++batches !== 2) return;
      lost.push(...Records.map((record) => toEvent(readChange(record))));
      throw new Error('down');
    },
    tableName,
    report: () => undefined,
  });
  await eventually(() => expect(batches).toBe(3));
  await running.stop();

  const [letter] = running.deadLetters;
  if (!letter) throw new Error('The second batch did not become a dead letter');
  const client = new DynamoDBStreamsClient({ endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB as string });
  const changes = await readDeadLetterChanges(client, letter.DDBStreamBatchInfo);
  const events = changes.map(toEvent).filter((event) => event !== undefined);
  expect(events).toEqual(lost);
  expect(events).toHaveLength(3);

  expect(await catchUp(changes, undefined)).toEqual(events);
  expect(await readAll(history)).toEqual([]);
  for (let times = 0; times < 2; times++) {
    expect(await catchUp(changes, { projections, history })).toEqual(events);
    const versions = (await readAll(history)).map(fromVersionItem);
    const ids = (await readAll(projections)).map(({ id }) => id).filter((id) => id !== undefined);
    const byId = (one: { detail: { id: string } }, other: { detail: { id: string } }) =>
      one.detail.id < other.detail.id ? -1 : 1;
    expect(versions.map(({ version, channel, actor }) => ({ version, channel, actor }))).toEqual(
      [...events].sort(byId).map(({ detail: { version, channel, actor } }) => ({ version, channel, actor })),
    );
    expect(new Set(ids)).toEqual(
      new Set(events.map(({ detail }) => (detail.channel ?? detail.previous)?._id)),
    );
  }
  client.destroy();
});

// DynamoDB Local drops no records within a day, so these cases mock the responses of AWS.
describe('a dead letter whose records the stream has dropped', () => {
  const batch = {
    streamArn: 'arn:stream',
    shardId: 'shard',
    startSequenceNumber: '5',
    endSequenceNumber: '6',
    approximateArrivalOfFirstRecord: '2026-11-24T09:00:00Z',
    approximateArrivalOfLastRecord: '2026-11-24T09:00:00Z',
    batchSize: 2,
  };
  const dropped = new TrimmedDataAccessException({ message: 'dropped', $metadata: {} });
  const page = (...numbers: number[]) => ({
    Records: numbers.map((number) => ({
      eventName: 'INSERT' as const,
      dynamodb: { SequenceNumber: `${number}`, Keys: { pk: { S: 'NS#a' }, sk: { S: 'a'.repeat(24) } } },
    })),
  });

  it.each<[string, (streams: ReturnType<typeof mockClient>) => void, string]>([
    [
      'before it is read',
      (streams) => streams.on(GetShardIteratorCommand).rejects(dropped),
      'the stream no longer has all of its records',
    ],
    [
      'while it is read, although the stream has later records',
      (streams) => streams.on(GetRecordsCommand).rejectsOnce(dropped).resolves(page(6, 7)),
      'the stream no longer has all of its records',
    ],
    [
      'and whose shard has ended',
      (streams) => streams.on(GetRecordsCommand).resolves(page(5)),
      'the stream no longer has all of its records',
    ],
  ])('can’t be replayed: %s', async (_, mock, message) => {
    const streams = mockClient(DynamoDBStreamsClient);
    streams.on(GetShardIteratorCommand).resolves({ ShardIterator: 'iterator' });
    mock(streams as unknown as ReturnType<typeof mockClient>);
    await expect(readDeadLetterChanges(new DynamoDBStreamsClient(), batch)).rejects.toThrow(message);
    streams.restore();
  });
});
