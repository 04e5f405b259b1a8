import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { toDocument } from '../../lib/channels/channel.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { fromVersionItem, type Version, versionsOf } from '../../lib/history/version-items.ts';
import { readHead } from '../../lib/projections/change-log/log-head.ts';
import { entriesAfter } from '../../lib/projections/change-log/log-items.ts';
import { type EventBus, startEventBus } from '../../local/event-bus.ts';
import { contextOf } from '../../local/function-context.ts';
import { type EventBusFaultProxy, startEventBusFaultProxy } from '../support/event-bus-fault-proxy.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { channelOf } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

const faults = createFaultProxy();
const service = useService({ proxy: faults });
let bus: EventBus;
let proxy: EventBusFaultProxy;
let handler: (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse>;
let seen: number;

beforeAll(async () => {
  bus = await startEventBus({ name: 'events' });
  proxy = await startEventBusFaultProxy(bus);
  Object.assign(process.env, { EVENT_BUS: 'events', AWS_ENDPOINT_URL_EVENTBRIDGE: proxy.endpoint });
  ({ handler } = await import('../../functions/publish-events.ts'));
});
afterAll(async () => {
  proxy.close();
  await bus.stop();
});
let logged: string[];
beforeEach(() => {
  seen = bus.events.length;
  proxy.rejects = () => false;
  proxy.onAccepted = () => {};
  faults.fault = () => 'none';
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

describe('a batch of records is numbered in the change log', () => {
  let numberBefore: number;
  beforeEach(async () => {
    numberBefore = (await readHead(service.projections, 'acme')).lastNumber;
  });

  /** The names of the channels that this test has numbered, in the order of the log. */
  const numbered = async () => {
    const { generation } = await readHead(service.projections, 'acme');
    const { items } = await service.projections.query(
      entriesAfter('acme', { generation, lastNumber: numberBefore + 100 }, numberBefore),
    );
    return items.map(({ id }: Item) => `Channel ${Number.parseInt((id as string).slice(12), 16)}`);
  };
  const refuseToNumber = () => {
    faults.fault = (operation) =>
      operation === 'TransactWriteItems' ? { __type: 'AccessDeniedException' } : 'none';
  };

  test('before its events are published', async () => {
    const calls: string[] = [];
    faults.fault = (operation) => {
      calls.push(operation);
      return 'none';
    };
    proxy.onAccepted = () => calls.push('PutEvents');

    await run(recordOf(101), recordOf(102));

    expect(calls).toEqual(['GetItem', 'TransactWriteItems', 'PutItem', 'PutItem', 'PutEvents']);
    expect(await numbered()).toEqual(['Channel 101', 'Channel 102']);
  });

  test('once, if its events cannot be published at first and Lambda delivers it again', async () => {
    proxy.rejects = ({ channel }) => channel.name === 'Channel 112';
    const first = await run(recordOf(111), recordOf(112), recordOf(113));
    const second = await run(recordOf(112), recordOf(113)).catch(({ message }) => message);
    proxy.rejects = () => false;
    const third = await run(recordOf(112), recordOf(113), recordOf(114));

    expect([first, second, third]).toEqual([
      { batchItemFailures: [{ itemIdentifier: '112' }] },
      "Record 112 can't be published",
      { batchItemFailures: [] },
    ]);
    expect(await numbered()).toEqual(['Channel 111', 'Channel 112', 'Channel 113', 'Channel 114']);
  });

  test('or else fails and publishes nothing, until it can be numbered', async () => {
    refuseToNumber();
    await expect(run(recordOf(121), recordOf(122))).rejects.toThrow();
    expect([await numbered(), published()]).toEqual([[], []]);

    faults.fault = () => 'none';
    expect(await run(recordOf(121), recordOf(122))).toEqual({ batchItemFailures: [] });
    expect([await numbered(), published()]).toEqual([
      ['Channel 121', 'Channel 122'],
      ['Channel 121', 'Channel 122'],
    ]);
  });

  test('with the records that cannot be read as events', async () => {
    await expect(run(unreadableRecord(131), recordOf(132))).rejects.toThrow();

    expect([await numbered(), published()]).toEqual([['Channel 131', 'Channel 132'], []]);
  });

  test('without a call to DynamoDB if it has no change of a channel', async () => {
    const counter = recordOf(141);
    (counter.dynamodb as { Keys: object }).Keys = marshall({ pk: 'NS#acme', sk: '!count#1' });
    faults.fault = () => ({ __type: 'AccessDeniedException' });

    expect(await run(counter)).toEqual({ batchItemFailures: [] });
  });
});

describe('the history of the channels in a batch', () => {
  /** How many versions the function has tried to write. */
  let versionsTried: number;
  beforeEach(() => {
    versionsTried = 0;
    faults.fault = (_, { body }) => {
      if (body.TableName === service.history.name) versionsTried++;
      return 'none';
    };
  });

  const versionsIn = async (...ordinals: number[]): Promise<Version[]> => {
    const found = await Promise.all(
      ordinals.map((ordinal) =>
        service.history.query(versionsOf({ namespace: 'acme', id: channelOf(ordinal)._id }, undefined)),
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

    await run(recordOf(201), recordOf(202));

    expect(triedAtPublishing).toEqual([2]);
    expect(await versionsIn(201, 202)).toEqual([versionOf(201), versionOf(202)]);
  });

  test('is not written again if the bus failed and the records come again', async () => {
    proxy.rejects = () => true;
    await expect(run(recordOf(211), recordOf(212))).rejects.toThrow("can't be published");
    expect(versionsTried).toBe(2);
    proxy.rejects = () => false;

    expect(await run(recordOf(211), recordOf(212))).toEqual({ batchItemFailures: [] });

    expect(versionsTried).toBe(2);
    expect(published()).toEqual(['Channel 211', 'Channel 212']);
  });

  test('has the changes before an unreadable record, which come with it again', async () => {
    await run(recordOf(221), unreadableRecord(222), recordOf(223));

    expect(await versionsIn(221, 222, 223)).toEqual([versionOf(221)]);
  });

  test('fails the batch if its table fails, and nothing is published; the next delivery writes it and publishes', async () => {
    faults.fault = (_, { body }) => (body.TableName === service.history.name ? 'throttle' : 'none');
    await expect(run(recordOf(231), recordOf(232))).rejects.toThrow('The table throttled the request');
    expect(published()).toEqual([]);
    faults.fault = () => 'none';

    expect(await run(recordOf(231), recordOf(232))).toEqual({ batchItemFailures: [] });

    expect(await versionsIn(231, 232)).toEqual([versionOf(231), versionOf(232)]);
    expect(published()).toEqual(['Channel 231', 'Channel 232']);
  });
});
