import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { toDocument } from '../../lib/channels/channel.ts';
import { parseChannelId } from '../../lib/channels/channel-id.ts';
import { fromItem } from '../../lib/channels/items.ts';
import { keys, namespaceOf } from '../../lib/channels/keys.ts';
import { type StreamConsumer, streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { createTables } from '../../local/create-tables.ts';
import { type BusEvent, type EventBus, startEventBus } from '../../local/event-bus.ts';
import { type DeadLetter, deliver } from '../../local/stream-delivery.ts';
import { startStreamMapping } from '../../local/stream-mapping.ts';
import { type EventBusFaultProxy, startEventBusFaultProxy } from '../support/event-bus-fault-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { PublisherProcess } from '../support/publisher-process.ts';
import { randomFrom } from '../support/random.ts';
import { makeRandomChanges } from '../support/random-changes.ts';
import { useService } from '../support/use-service.ts';

/**
 * `STORM_SEED=7 npm test -- test/events/storm` repeats the test with the same random numbers. `npm run test:storm` makes
 * more changes.
 */
const seed = Number(process.env.STORM_SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = randomFrom(seed);

const channels = 50;
const changes = Number(process.env.STORM_CHANGES ?? 400);
const kills = 6;
const poison = keys.channel('north', 'f'.repeat(24));
const copyTable = 'copy';

const deployed = streamConsumers.find(({ name }) => name === 'publish-events') as StreamConsumer;
/** As deployed, except for fewer retries: each retry of the poisonous record takes seconds. */
const consumer: StreamConsumer = { ...deployed, mapping: { ...deployed.mapping, retryAttempts: 3 } };

const service = useService();
let bus: EventBus;
let busProxy: EventBusFaultProxy;
const published: BusEvent[] = [];
const publisher = new PublisherProcess();

beforeAll(async () => {
  bus = await startEventBus({ name: 'storm', onEvent: (event) => published.push(event) });
  busProxy = await startEventBusFaultProxy(bus);
  Object.assign(process.env, {
    EVENT_BUS: 'storm',
    AWS_ENDPOINT_URL_EVENTBRIDGE: busProxy.endpoint,
    COPY_TABLE: copyTable,
  });
  await createTables(new DynamoDBClient(), {
    [copyTable]: { partitionKey: 'namespace', sortKey: 'id', stream: false },
  });
});
afterAll(async () => {
  publisher.stop();
  busProxy.close();
  await bus.stop();
});

/** Changes channels at random and writes one poisonous item. Returns the records that the stream has for the publisher. */
const makeChanges = async (): Promise<{ ids: string[]; records: DynamoDBRecord[] }> => {
  const records: DynamoDBRecord[] = [];
  const mapping = await startStreamMapping({
    consumer,
    handler: ({ Records }) => {
      records.push(...Records);
    },
    tableName: process.env.CHANNELS_TABLE as string,
  });
  const series = Array.from({ length: channels }, (_, index) => randomFrom(seed + index + 1));
  const ids: string[] = [];
  await mapConcurrently(series, 10, async (each) => {
    ids.push(...(await makeRandomChanges(service.channels, changes / channels, each)));
    if (each === series[channels / 2])
      await service.channels.put({ Item: { ...poison, name: 'Poison', integration_meta: '{' } });
  });
  await eventually(() => expect(records).toHaveLength(ids.length + 1), 60_000);
  await mapping.stop();
  return { ids, records };
};

const channelOf = ({ dynamodb }: DynamoDBRecord) =>
  `${dynamodb?.Keys?.pk?.S}${dynamodb?.Keys?.sk?.S?.replace('~tombstone#', '')}`;

/**
 * Arranges the records as a stream may deliver them in the worst case: each record 1 to 10 times, repetitions long after
 * other records, and batches of random sizes. Only the first deliveries of the records of one channel keep their order.
 */
const toStorm = (records: DynamoDBRecord[]): DynamoDBRecord[][] => {
  const byChannel = new Map<string, DynamoDBRecord[]>();
  for (const record of records) {
    const channel = channelOf(record);
    byChannel.set(channel, [...(byChannel.get(channel) ?? []), record]);
  }
  const deliveries = [...byChannel.values()].flatMap((own) => {
    const times = own.map(() => random.next()).sort((one, other) => one - other);
    return own.flatMap((record, index) => {
      const first = times[index] as number;
      const repeats = Array.from({ length: random.below(10) }, () => first + random.next() * (1 - first));
      return [first, ...repeats].map((time) => ({ time, record }));
    });
  });
  const inOrder = deliveries.sort((one, other) => one.time - other.time).map(({ record }) => record);
  const batches: DynamoDBRecord[][] = [];
  for (let start = 0; start < inOrder.length; start += batches.at(-1)?.length ?? 0)
    batches.push(inOrder.slice(start, start + 1 + random.below(consumer.mapping.batchSize)));
  return batches;
};

/** Delivers batches while the bus rejects a fifth of the entries, and kills the publisher after some calls. */
const deliverWithFaults = async (batches: DynamoDBRecord[][]): Promise<DeadLetter[]> => {
  const letters: DeadLetter[] = [];
  let calls = 0;
  const period = Math.floor(batches.length / kills);
  let nextKill = random.below(period);
  busProxy.rejects = () => random.next() < 0.2;
  busProxy.onAccepted = () => {
    if (calls++ !== nextKill || publisher.kills === kills) return;
    publisher.kill();
    nextKill += 1 + random.below(2 * period);
  };
  const { signal } = new AbortController();
  for (const batch of batches)
    await deliver(
      {
        consumer,
        shard: { streamArn: 'storm', shardId: 'storm' },
        invoke: (records) => publisher.invoke(records),
        report: () => undefined,
        onDeadLetter: (letter) => letters.push(letter),
        signal,
      },
      batch,
    );
  return letters;
};

/** Sends all published events to the example consumer, in random order, and reads the consumer's copy. */
const copyOf = async (events: BusEvent[]): Promise<Record<string, object>> => {
  const { handler } = await import('../../examples/copy-of-a-namespace/copy-consumer.ts');
  // biome-ignore lint/suspicious/noExplicitAny: EventBridge's type has fields that the local event bus does not know
  await mapConcurrently(random.shuffle(events), 20, (event) => handler(event as any));
  const client = DynamoDBDocumentClient.from(new DynamoDBClient());
  const rows: [string, object][] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await client.send(new ScanCommand({ TableName: copyTable, ExclusiveStartKey: from }));
    for (const { namespace, id, channel } of page.Items ?? [])
      if (channel) rows.push([`${namespace}:${id}`, JSON.parse(channel)]);
    from = page.LastEvaluatedKey;
  } while (from);
  return Object.fromEntries(rows);
};

const channelsOfTable = async (): Promise<Record<string, object>> => {
  const rows: [string, object][] = [];
  for await (const item of service.channels.scan()) {
    const [pk, sk] = [item.pk as string, item.sk as string];
    if (parseChannelId(sk) && sk !== poison.sk)
      rows.push([`${namespaceOf(pk)}:${sk}`, toDocument(fromItem(item))]);
  }
  return Object.fromEntries(rows);
};

it(`after any faults (seed ${seed}) a consumer's copy equals the table, and only the poisonous record is a dead letter`, async () => {
  const { ids, records } = await makeChanges();
  const letters = await deliverWithFaults(toStorm(records));
  const seen = new Set<string>();
  const first = published.map(({ detail }) => detail).filter(({ id }) => !seen.has(id) && seen.add(id));
  expect(first.map(({ id }) => id).sort()).toEqual(ids.sort());
  const last = new Map<string, number>();
  for (const { namespace, version, channel, previous } of first) {
    const key = `${namespace}:${(channel ?? previous)._id}`;
    expect(version).toBeGreaterThan(last.get(key) ?? -1);
    last.set(key, version);
  }

  const poisonous = records.find(({ dynamodb }) => dynamodb?.Keys?.sk?.S === poison.sk)?.dynamodb
    ?.SequenceNumber;
  expect(letters.length).toBeGreaterThan(0);
  for (const { DDBStreamBatchInfo: info } of letters)
    expect([info.batchSize, info.startSequenceNumber]).toEqual([1, poisonous]);

  expect(await copyOf(published)).toEqual(await channelsOfTable());
  expect(publisher.kills).toBe(kills);
  expect(busProxy.rejectedCount).toBeGreaterThan(published.length / 10);
}, 600_000);
