import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { toDocument } from '../../lib/channels/channel.ts';
import { parseChannelId } from '../../lib/channels/channel-id.ts';
import { fromItem } from '../../lib/channels/items.ts';
import { keys, namespaceOf, partitionOf } from '../../lib/channels/keys.ts';
import { maxVersionsPerPage } from '../../lib/history/history-query.ts';
import { readHistory } from '../../lib/history/read-history.ts';
import type { StreamConsumer } from '../../lib/manifest/stream-consumers.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { createTables } from '../../local/create-tables.ts';
import { type BusEvent, startEventBus } from '../../local/event-bus.ts';
import { type DeadLetter, deliver } from '../../local/stream-delivery.ts';
import { collectRecords, publisher } from './collect-records.ts';
import { type EventBusFaultProxy, startEventBusFaultProxy } from './event-bus-fault-proxy.ts';
import { eventually } from './eventually.ts';
import { PublisherProcess } from './publisher-process.ts';
import { type Random, randomFrom } from './random.ts';
import { type ExpectedVersion, eventIdOf, findWrongHistories, makeRandomChanges } from './random-changes.ts';
import type { Service } from './service.ts';

/** As deployed, except for fewer retries: each retry of the poisonous record takes seconds. */
const consumer: StreamConsumer = { ...publisher, mapping: { ...publisher.mapping, retryAttempts: 3 } };

const channelCount = 50;
const rejectedShare = 0.2;

export interface StormOptions {
  service: Service;
  /** Begins the names of the namespaces. No other storm on this table may have the same one. */
  name: string;
  seed: number;
  /** How many changes are made. It is rounded down to a multiple of 50. */
  changes: number;
  /** How often a record is delivered: at most. */
  maxDeliveries: number;
  /** How often the publisher is killed. */
  kills: number;
}

/** What a storm has done. The lists are empty if the promises about events hold. */
export interface Storm {
  /** The ids of events that had to be published, and were not. */
  lost: string[];
  /** The ids of published events that no change explains. */
  unexplained: string[];
  /** The ids of events that came after a later event of their channel, at their first time. */
  overtaken: string[];
  /** Dead letters of other records than the poisonous one. */
  wrongLetters: DeadLetter[];
  /** The channels that an example consumer, which got the events in random order, has not as the table has them. */
  wrongCopies: string[];
  /** The channels whose history in a namespace is not what was done there. */
  wrongHistories: string[];
  /** How many events had to be published, and how many the bus accepted. Some come again. */
  expected: number;
  events: number;
  letters: number;
  kills: number;
  /** How many entries the bus rejected. */
  rejected: number;
}

const poisonKey = (namespaces: string[]) => keys.channel(namespaces[0] as string, 'f'.repeat(24));

/** Changes channels at random and writes one poisonous item. Returns the records that the stream has for the publisher. */
const makeChanges = async ({ service, seed, changes }: StormOptions, namespaces: string[]) => {
  const collected = await collectRecords(service.channels.name, namespaces);
  const series = Array.from({ length: channelCount }, (_, index) => randomFrom(seed + index + 1));
  const versions: ExpectedVersion[] = [];
  await mapConcurrently(series, 10, async (each) => {
    const count = Math.floor(changes / channelCount);
    versions.push(...(await makeRandomChanges(service.channels, namespaces, count, each)));
    if (each === series[channelCount / 2])
      await service.channels.put({
        Item: { ...poisonKey(namespaces), name: 'Poison', integration_meta: '{' },
      });
  });
  await eventually(() => assert.equal(collected.records.length, versions.length + 1), 60_000);
  await collected.stop();
  return { versions, records: collected.records };
};

const channelOf = ({ dynamodb }: DynamoDBRecord) =>
  `${dynamodb?.Keys?.pk?.S}${dynamodb?.Keys?.sk?.S?.replace('~tombstone#', '')}`;

/**
 * Arranges the records as a stream may deliver them in the worst case: each record several times, repetitions long after
 * other records, and batches of random sizes. Only the first deliveries of the records of one channel keep their order.
 */
const toStorm = (records: DynamoDBRecord[], maxDeliveries: number, random: Random): DynamoDBRecord[][] => {
  const byChannel = new Map<string, DynamoDBRecord[]>();
  for (const record of records) {
    const channel = channelOf(record);
    byChannel.set(channel, [...(byChannel.get(channel) ?? []), record]);
  }
  const deliveries = [...byChannel.values()].flatMap((own) => {
    const times = own.map(() => random.next()).sort((one, other) => one - other);
    return own.flatMap((record, index) => {
      const first = times[index] as number;
      const repeats = Array.from(
        { length: random.below(maxDeliveries) },
        () => first + random.next() * (1 - first),
      );
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
const deliverWithFaults = async (
  batches: DynamoDBRecord[][],
  { kills }: StormOptions,
  busProxy: EventBusFaultProxy,
  process: PublisherProcess,
  random: Random,
): Promise<DeadLetter[]> => {
  const letters: DeadLetter[] = [];
  let calls = 0;
  const period = Math.max(1, Math.floor(batches.length / Math.max(1, kills)));
  let nextKill = random.below(period);
  busProxy.rejects = () => random.next() < rejectedShare;
  busProxy.onAccepted = () => {
    if (calls++ !== nextKill || process.kills === kills) return;
    process.kill();
    nextKill += 1 + random.below(2 * period);
  };
  const { signal } = new AbortController();
  for (const batch of batches)
    await deliver(
      {
        consumer,
        shard: { streamArn: 'storm', shardId: 'storm' },
        invoke: (records) => process.invoke(records),
        report: () => undefined,
        onDeadLetter: (letter) => letters.push(letter),
        signal,
      },
      batch,
    );
  return letters;
};

/** Sends events to the example consumer, in random order, and reads the consumer's copy. */
const copyOf = async (
  events: BusEvent[],
  copyTable: string,
  random: Random,
): Promise<Record<string, object>> => {
  process.env.COPY_TABLE = copyTable;
  const client = new DynamoDBClient();
  await createTables(client, { [copyTable]: { partitionKey: 'namespace', sortKey: 'id', stream: false } });
  const { handler } = await import('../../examples/copy-of-a-namespace/copy-consumer.ts');
  // biome-ignore lint/suspicious/noExplicitAny: EventBridge's type has fields that the local event bus does not know
  await mapConcurrently(random.shuffle(events), 20, (event) => handler(event as any));
  const documentClient = DynamoDBDocumentClient.from(client);
  const rows: [string, object][] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await documentClient.send(
      new ScanCommand({ TableName: copyTable, ExclusiveStartKey: from }),
    );
    for (const { namespace, id, channel } of page.Items ?? [])
      if (channel) rows.push([`${namespace}:${id}`, JSON.parse(channel)]);
    from = page.LastEvaluatedKey;
  } while (from);
  return Object.fromEntries(rows);
};

const channelsOfTable = async (
  { channels }: Service,
  namespaces: string[],
): Promise<Record<string, object>> => {
  const partitions = namespaces.map(partitionOf);
  const poison = poisonKey(namespaces);
  const rows: [string, object][] = [];
  for await (const item of channels.scan()) {
    const [pk, sk] = [item.pk as string, item.sk as string];
    if (partitions.includes(pk) && parseChannelId(sk) && sk !== poison.sk)
      rows.push([`${namespaceOf(pk)}:${sk}`, toDocument(fromItem(item))]);
  }
  return Object.fromEntries(rows);
};

/** The events in the order in which a consumer first got them. */
const firstOf = (published: BusEvent[]) => {
  const seen = new Set<string>();
  return published.map(({ detail }) => detail).filter(({ id }) => !seen.has(id) && seen.add(id));
};

const overtakenAmong = (first: BusEvent['detail'][]): string[] => {
  const last = new Map<string, number>();
  return first
    .filter(({ namespace, version, channel, previous }) => {
      const key = `${namespace}:${(channel ?? previous)._id}`;
      const isLate = version <= (last.get(key) ?? -1);
      last.set(key, version);
      return isLate;
    })
    .map(({ id }) => id);
};

/**
 * Makes random changes, and publishes their events through a storm: records come again and late, one is poisonous, the
 * bus rejects a fifth of the entries, and the publisher is killed. Then an example consumer gets the events in random order.
 */
export const runStorm = async (options: StormOptions): Promise<Storm> => {
  const { service, name, seed, maxDeliveries } = options;
  const namespaces = ['north', 'south', 'west'].map((each) => `${name}-${each}`);
  const random = randomFrom(seed);
  const published: BusEvent[] = [];
  const bus = await startEventBus({ name, onEvent: (event) => published.push(event) });
  const busProxy = await startEventBusFaultProxy(bus);
  const environment = { EVENT_BUS: name, AWS_ENDPOINT_URL_EVENTBRIDGE: busProxy.endpoint };
  const publisherProcess = new PublisherProcess(environment);
  try {
    const { versions, records } = await makeChanges(options, namespaces);
    const ids = versions.map(eventIdOf);
    const batches = toStorm(records, maxDeliveries, random);
    const letters = await deliverWithFaults(batches, options, busProxy, publisherProcess, random);
    const poisonous = records.find(({ dynamodb }) => dynamodb?.Keys?.sk?.S === poisonKey(namespaces).sk);
    const first = firstOf(published);
    const firstIds = new Set(first.map(({ id }) => id));
    const copy = await copyOf(published, `copy-${name}`, random);
    const channels = await channelsOfTable(service, namespaces);
    return {
      lost: ids.filter((id) => !firstIds.has(id)),
      unexplained: [...firstIds].filter((id) => !ids.includes(id)),
      overtaken: overtakenAmong(first),
      wrongLetters: letters.filter(
        ({ DDBStreamBatchInfo: info }) =>
          info.batchSize !== 1 || info.startSequenceNumber !== poisonous?.dynamodb?.SequenceNumber,
      ),
      wrongCopies: Object.keys({ ...copy, ...channels }).filter(
        (key) => !isDeepStrictEqual(copy[key], channels[key]),
      ),
      wrongHistories: await findWrongHistories(versions, async (channel) => {
        const { versions: read } = await readHistory(service, channel, undefined, maxVersionsPerPage);
        return read;
      }),
      expected: ids.length,
      events: published.length,
      letters: letters.length,
      kills: publisherProcess.kills,
      rejected: busProxy.rejectedCount,
    };
  } finally {
    publisherProcess.stop();
    busProxy.close();
    await bus.stop();
  }
};
