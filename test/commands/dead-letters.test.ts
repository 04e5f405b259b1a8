import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { eventsOfLetter } from '../../commands/replay/dead-letters.ts';
import { planChannelWrites } from '../../lib/channels/items.ts';
import { type StreamConsumer, streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { readChange } from '../../lib/dynamodb/stream-record.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { toEvent } from '../../lib/events/to-event.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import type { Engine } from '../../local/dynamodb-local.ts';
import { startStreamMapping } from '../../local/stream-mapping.ts';
import { startTestEngine } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { channelOf } from '../support/seed.ts';

let engine: Engine;
const tableName = `channels-${randomUUID()}`;

beforeAll(async () => {
  engine = await startTestEngine();
  await createTables(new DynamoDBClient(), { [tableName]: channelsTable });
});
afterAll(() => engine.stop());

it('a dead letter leads back to the events of its records, and to no others', async () => {
  const table = new Table(connect(), tableName, new Meter(), AbortSignal.timeout(60_000));
  const write = async (ordinal: number) => {
    const channel = channelOf(ordinal);
    const renamed = { ...channel, name: 'Renamed', __v: 1, updatedAt: channel.updatedAt + 1 };
    const by = { now: channel.updatedAt + 2, keyId: 'key1' };
    await table.transact(() => planChannelWrites(undefined, channel, by, 0));
    await table.transact(() => planChannelWrites(channel, renamed, by, 0));
    if (ordinal === 2) await table.transact(() => planChannelWrites(renamed, undefined, by, 0));
  };
  const publishes = streamConsumers.find(({ name }) => name === 'publish-events') as StreamConsumer;
  const mapping = { ...publishes.mapping, retryAttempts: 0, bisectBatchOnError: false, batchSize: 3 };
  const lost: unknown[] = [];
  let batches = 0;
  for (const ordinal of [1, 2, 3]) await write(ordinal);
  const feeding = await startStreamMapping({
    consumer: { ...publishes, mapping },
    handler: ({ Records }) => {
      if (++batches !== 2) return;
      lost.push(...Records.map((record) => toEvent(readChange(record))));
      throw new Error('down');
    },
    tableName,
    report: () => undefined,
  });
  await eventually(() => expect(batches).toBe(3));
  await feeding.stop();

  const [letter] = feeding.deadLetters;
  if (!letter) throw new Error('The second batch has become no dead letter');
  const client = new DynamoDBStreamsClient({ endpoint: engine.endpoint });
  const events = await eventsOfLetter(client, letter.DDBStreamBatchInfo);
  expect(events).toEqual(lost);
  expect(events).toHaveLength(3);
  client.destroy();
});

// The engine of one machine drops no records within a day: what a stream of AWS's says then is played here.
describe('a dead letter whose records the stream has dropped', () => {
  const span = {
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
    ['before it is read', (streams) => streams.on(GetShardIteratorCommand).rejects(dropped), 'dropped'],
    [
      'while it is read, though later ones are there',
      (streams) => streams.on(GetRecordsCommand).rejectsOnce(dropped).resolves(page(6, 7)),
      'the stream does not have all of them any more',
    ],
    [
      'and whose shard has ended',
      (streams) => streams.on(GetRecordsCommand).resolves(page(5)),
      'the stream does not have all of them any more',
    ],
  ])('can’t be replayed: %s', async (_, play, message) => {
    const streams = mockClient(DynamoDBStreamsClient);
    streams.on(GetShardIteratorCommand).resolves({ ShardIterator: 'iterator' });
    play(streams as unknown as ReturnType<typeof mockClient>);
    await expect(eventsOfLetter(new DynamoDBStreamsClient(), span)).rejects.toThrow(message);
    streams.restore();
  });
});
