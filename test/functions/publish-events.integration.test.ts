import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { toDocument } from '../../lib/channels/channel.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { fromVersionItem, type Version, versionsOf } from '../../lib/history/version-items.ts';
import { historyTable, projectionsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import { type EventBus, startEventBus } from '../../local/event-bus.ts';
import { contextOf } from '../../local/function-context.ts';
import { type EventBusFaultProxy, startEventBusFaultProxy } from '../support/event-bus-fault-proxy.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { channelOf } from '../support/seed.ts';
import { enterSharedDynamoDb } from '../support/shared-dynamodb.ts';

const names = { history: `history-${randomUUID()}`, projections: `projections-${randomUUID()}` };
const tables = createFaultProxy();
/** How many versions the function has tried to write. */
let versionsTried: number;
let history: Table;
let bus: EventBus;
let proxy: EventBusFaultProxy;
let handler: (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse>;
let seen: number;

beforeAll(async () => {
  const endpoint = enterSharedDynamoDb();
  const administration = new DynamoDBClient({ endpoint });
  await createTables(administration, {
    [names.history]: historyTable,
    [names.projections]: projectionsTable,
  });
  process.env.AWS_ENDPOINT_URL_DYNAMODB = await tables.start(endpoint);
  history = new Table(
    { client: connect(), meter: new Meter(), signal: new AbortController().signal },
    names.history,
  );
  bus = await startEventBus({ name: 'events' });
  proxy = await startEventBusFaultProxy(bus);
  Object.assign(process.env, {
    EVENT_BUS: 'events',
    HISTORY_TABLE: names.history,
    PROJECTIONS_TABLE: names.projections,
    AWS_ENDPOINT_URL_EVENTBRIDGE: proxy.endpoint,
  });
  ({ handler } = await import('../../functions/publish-events.ts'));
});
afterAll(async () => {
  proxy.close();
  tables.close();
  await bus.stop();
});
let logged: string[];
beforeEach(() => {
  seen = bus.events.length;
  proxy.rejects = () => false;
  proxy.onAccepted = () => {};
  versionsTried = 0;
  tables.fault = (_, { body }) => {
    if (body.TableName === names.history) versionsTried++;
    return 'none';
  };
  logged = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => logged.push(String(text)) > 0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** The stream record of a creation. The ordinal of the channel is also the sequence number. */
const recordOf = (ordinal: number, fields: object = {}): DynamoDBRecord => {
  const { _id, ...attributes } = channelOf(ordinal);
  const Keys = { pk: 'NS#acme', sk: _id };
  return {
    eventName: 'INSERT',
    dynamodb: {
      SequenceNumber: `${ordinal}`,
      Keys: marshall(Keys),
      NewImage: marshall({ ...Keys, ...attributes, ...fields }),
    } as NonNullable<DynamoDBRecord['dynamodb']>,
  };
};
const unreadableRecord = (ordinal: number) => recordOf(ordinal, { integration_meta: '{' });
const run = (...Records: DynamoDBRecord[]) => handler({ Records }, contextOf('publish-events', 'id', 30_000));
const published = () => bus.events.slice(seen).map(({ detail }) => detail.channel.name);

describe('a batch of records', () => {
  test('succeeds if all its events are published', async () => {
    expect(await run(recordOf(1), recordOf(2))).toEqual({ batchItemFailures: [] });
    expect(published()).toEqual(['Channel 1', 'Channel 2']);
  });

  test('succeeds if none of its records is an event', async () => {
    const counter = recordOf(1);
    (counter.dynamodb as { Keys: object }).Keys = marshall({ pk: 'NS#acme', sk: '!count#1' });
    expect(await run(counter)).toEqual({ batchItemFailures: [] });
    expect(published()).toEqual([]);
  });

  test('asks for redelivery from the first unreadable record, and publishes only the events before it', async () => {
    const records = [recordOf(1), recordOf(2), unreadableRecord(3), recordOf(4)];
    expect(await run(...records)).toEqual({ batchItemFailures: [{ itemIdentifier: '3' }] });
    expect(published()).toEqual(['Channel 1', 'Channel 2']);
  });

  test('asks for redelivery from the first record whose event does not match the schema', async () => {
    const records = [recordOf(1), recordOf(2, { name: 7 })];
    expect(await run(...records)).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
    expect(published()).toEqual(['Channel 1']);
  });

  test('fails if its first record is unreadable, so that Lambda halves the batch, and publishes nothing', async () => {
    const failing = run(unreadableRecord(1), recordOf(2));
    await expect(failing).rejects.toThrow("Record 1 can't be published");
    await expect(failing).rejects.toMatchObject({ cause: { message: 'The item contains invalid JSON.' } });
    expect(published()).toEqual([]);
  });

  test('asks for redelivery from the first record whose event the bus keeps rejecting', async () => {
    proxy.rejects = ({ channel }) => channel.name === 'Channel 2';
    expect(await run(recordOf(1), recordOf(2), recordOf(3))).toEqual({
      batchItemFailures: [{ itemIdentifier: '2' }],
    });
  });

  test('fails if the bus keeps rejecting its first event', async () => {
    proxy.rejects = () => true;
    await expect(run(recordOf(1))).rejects.toMatchObject({
      message: "Record 1 can't be published",
      cause: { message: 'ThrottlingException: Rate exceeded' },
    });
  });

  test.each([
    ['comes first', [unreadableRecord(1), recordOf(2)], '1'],
    ['comes later', [recordOf(1), unreadableRecord(2)], '2'],
  ])('logs a record that fails and %s, with its sequence number and the cause, but without its content', async (_, records, number) => {
    await run(...records).catch(() => undefined);
    expect(logged.map((text) => JSON.parse(text))).toEqual([
      {
        timestamp: expect.any(String),
        level: 'ERROR',
        record: number,
        causes: [{ name: 'Error', message: 'The item contains invalid JSON.', stack: expect.any(String) }],
      },
    ]);
    expect(logged.join()).not.toContain('Channel ');
  });

  test('logs nothing if all its events are published', async () => {
    await run(recordOf(1));
    expect(logged).toEqual([]);
  });
});

describe('the history of the channels in a batch', () => {
  const versionsIn = async (...ordinals: number[]): Promise<Version[]> => {
    const found = await Promise.all(
      ordinals.map((ordinal) =>
        history.query(versionsOf({ namespace: 'acme', id: channelOf(ordinal)._id }, undefined)),
      ),
    );
    return found.flatMap(({ items }) => items.map(fromVersionItem));
  };
  const versionOf = (ordinal: number): Version => {
    const channel = toDocument(channelOf(ordinal));
    const { updatedAt: at, __v: version } = channel;
    return { version, at, actor: 'seed', type: 'created', changed: [], channel };
  };

  // The function remembers the records that it has handled, so each test has numbers of its own.

  test('is written before their events are published', async () => {
    const triedAtPublishing: number[] = [];
    proxy.onAccepted = () => triedAtPublishing.push(versionsTried);

    await run(recordOf(101), recordOf(102));

    expect(triedAtPublishing).toEqual([2]);
    expect(await versionsIn(101, 102)).toEqual([versionOf(101), versionOf(102)]);
  });

  test('is not written again if the bus failed and the records come again', async () => {
    proxy.rejects = () => true;
    await expect(run(recordOf(111), recordOf(112))).rejects.toThrow("can't be published");
    expect(versionsTried).toBe(2);
    proxy.rejects = () => false;

    expect(await run(recordOf(111), recordOf(112))).toEqual({ batchItemFailures: [] });

    expect(versionsTried).toBe(2);
    expect(published()).toEqual(['Channel 111', 'Channel 112']);
  });

  test('has the changes before an unreadable record, which come with it again', async () => {
    await run(recordOf(121), unreadableRecord(122), recordOf(123));

    expect(await versionsIn(121, 122, 123)).toEqual([versionOf(121)]);
  });

  test('fails the batch if its table fails, and nothing is published; the next delivery writes it and publishes', async () => {
    tables.fault = (_, { body }) => (body.TableName === names.history ? 'throttle' : 'none');
    await expect(run(recordOf(131), recordOf(132))).rejects.toThrow('The table throttled the request');
    expect(published()).toEqual([]);
    tables.fault = () => 'none';

    expect(await run(recordOf(131), recordOf(132))).toEqual({ batchItemFailures: [] });

    expect(await versionsIn(131, 132)).toEqual([versionOf(131), versionOf(132)]);
    expect(published()).toEqual(['Channel 131', 'Channel 132']);
  });
});
