import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { sdkEnvironment } from '../../local/environment.ts';
import { type EventBus, startEventBus } from '../../local/event-bus.ts';
import { contextOf } from '../../local/function-context.ts';
import { type EventBusFaultProxy, startEventBusFaultProxy } from '../support/event-bus-fault-proxy.ts';
import { channelOf } from '../support/seed.ts';

let bus: EventBus;
let line: EventBusFaultProxy;
let handler: (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse>;
let seen: number;

beforeAll(async () => {
  bus = await startEventBus({ name: 'events' });
  line = await startEventBusFaultProxy(bus);
  Object.assign(process.env, sdkEnvironment, {
    EVENT_BUS: 'events',
    AWS_ENDPOINT_URL_EVENTBRIDGE: line.endpoint,
  });
  ({ handler } = await import('../../functions/publish-events.ts'));
});
afterAll(async () => {
  line.close();
  await bus.stop();
});
let logged: string[];
beforeEach(() => {
  seen = bus.events.length;
  line.rejects = () => false;
  logged = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => logged.push(String(text)) > 0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** The record of a creation; its channel's number is its sequence number too. */
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
const poison = (ordinal: number) => recordOf(ordinal, { integration_meta: '{' });
const run = (...Records: DynamoDBRecord[]) => handler({ Records }, contextOf('publish-events', 'id', 30_000));
const published = () => bus.events.slice(seen).map(({ detail }) => detail.channel.name);

describe('a batch of records', () => {
  it('is done when all its events are published', async () => {
    expect(await run(recordOf(1), recordOf(2))).toEqual({ batchItemFailures: [] });
    expect(published()).toEqual(['Channel 1', 'Channel 2']);
  });

  it('is done where none of its records is an event', async () => {
    const counter = recordOf(1);
    (counter.dynamodb as { Keys: object }).Keys = marshall({ pk: 'NS#acme', sk: '!count#1' });
    expect(await run(counter)).toEqual({ batchItemFailures: [] });
    expect(published()).toEqual([]);
  });

  it('is to be delivered again from a record on that can’t be read; what comes after is not published yet', async () => {
    const records = [recordOf(1), recordOf(2), poison(3), recordOf(4)];
    expect(await run(...records)).toEqual({ batchItemFailures: [{ itemIdentifier: '3' }] });
    expect(published()).toEqual(['Channel 1', 'Channel 2']);
  });

  it('is to be delivered again from a record on that makes no event as the schema has it', async () => {
    const records = [recordOf(1), recordOf(2, { name: 7 })];
    expect(await run(...records)).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
    expect(published()).toEqual(['Channel 1']);
  });

  it('fails where its first record can’t be read, so that Lambda halves it; nothing is published', async () => {
    const failing = run(poison(1), recordOf(2));
    await expect(failing).rejects.toThrow("Record 1 can't be published");
    await expect(failing).rejects.toMatchObject({ cause: { message: 'The item contains invalid JSON.' } });
    expect(published()).toEqual([]);
  });

  it('is to be delivered again from the first event on that the bus keeps refusing', async () => {
    line.rejects = ({ channel }) => channel.name === 'Channel 2';
    expect(await run(recordOf(1), recordOf(2), recordOf(3))).toEqual({
      batchItemFailures: [{ itemIdentifier: '2' }],
    });
  });

  it('fails where the bus keeps refusing its first event', async () => {
    line.rejects = () => true;
    await expect(run(recordOf(1))).rejects.toMatchObject({
      message: "Record 1 can't be published",
      cause: { message: 'ThrottlingException: Rate exceeded' },
    });
  });

  it.each([
    ['comes first', [poison(1), recordOf(2)], '1'],
    ['comes later', [recordOf(1), poison(2)], '2'],
  ])('leaves a line for a record that fails and %s: which, and why, and nothing of what is in it', async (_, records, number) => {
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

  it('leaves no line where all is done', async () => {
    await run(recordOf(1));
    expect(logged).toEqual([]);
  });
});
