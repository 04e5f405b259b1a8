import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { Item } from '../../lib/dynamodb/item.ts';
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

    expect(calls).toEqual(['GetItem', 'TransactWriteItems', 'PutEvents']);
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
