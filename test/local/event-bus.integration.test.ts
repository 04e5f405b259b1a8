import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sdkEnvironment } from '../../local/environment.ts';
import { type BusEvent, type EventBus, eventsRoute, startEventBus } from '../../local/event-bus.ts';

let bus: EventBus;
let client: EventBridgeClient;
let received: BusEvent[];

beforeAll(async () => {
  Object.assign(process.env, sdkEnvironment);
  bus = await startEventBus({ name: 'events', onEvent: (event) => received.push(event) });
  client = new EventBridgeClient({ endpoint: bus.endpoint });
});
afterAll(() => bus.stop());
beforeEach(() => {
  received = [];
});

const entry = (fields: PutEventsRequestEntry = {}): PutEventsRequestEntry => ({
  EventBusName: 'events',
  Source: 'source',
  DetailType: 'Type',
  Detail: '{"a":1}',
  ...fields,
});
const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));

describe('the local event bus', () => {
  it('accepts an entry of PutEvents and keeps it in the form that the target of a rule gets', async () => {
    const Time = new Date('2026-11-24T10:00:00.700Z');
    const { FailedEntryCount, Entries } = await put(entry({ Time, Resources: ['arn:a'] }));
    expect(FailedEntryCount).toBe(0);
    const expected = {
      version: '0',
      id: Entries?.[0]?.EventId,
      'detail-type': 'Type',
      source: 'source',
      account: '000000000000',
      time: '2026-11-24T10:00:00Z',
      region: 'us-east-1',
      resources: ['arn:a'],
      detail: { a: 1 },
    };
    expect(received).toEqual([expected]);
    expect(bus.events.at(-1)).toEqual(expected);
    expect(JSON.parse(eventsRoute(bus).respond().body.toString()).data.at(-1)).toEqual(expected);
  });

  it.each<[string, PutEventsRequestEntry, string]>([
    ['for another bus', { EventBusName: 'other' }, 'InvalidArgument'],
    ['without a source', { Source: '' }, 'InvalidArgument'],
    ['whose detail is not JSON', { Detail: '{' }, 'MalformedDetail'],
    ['whose detail is not an object', { Detail: '[]' }, 'MalformedDetail'],
  ])('refuses an entry %s and accepts the other entries of the call', async (_, invalidFields, ErrorCode) => {
    const { FailedEntryCount, Entries } = await put(entry(), entry(invalidFields), entry());
    expect(FailedEntryCount).toBe(1);
    expect(Entries?.map(({ ErrorCode: code }) => code)).toEqual([undefined, ErrorCode, undefined]);
    expect(received).toHaveLength(2);
  });

  it('refuses a call with more than 10 entries or more than 256 KB', async () => {
    const heavy = entry({ Detail: JSON.stringify({ x: 'x'.repeat(128 * 1024) }) });
    await expect(put(...Array.from({ length: 11 }, () => entry()))).rejects.toThrow(/1 to 10 entries/);
    await expect(put(heavy, heavy)).rejects.toThrow(/over the limit/);
    await put(heavy);
    expect(received).toHaveLength(1);
  });

  it('keeps the last 1,000 events', async () => {
    for (let call = 0; call < 101; call++)
      await put(...Array.from({ length: 10 }, (_, index) => entry({ Detail: `{"n":${call * 10 + index}}` })));
    expect(bus.events.map(({ detail }) => detail.n)).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 10));
  });
});
