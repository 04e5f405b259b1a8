import { describe, expect, it, test } from '@jest/globals';
import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { checkEvent } from '../../lib/events/event-schema.ts';
import { lastEventOf, toEvent } from '../../lib/events/to-event.ts';
import { channelOf } from '../support/seed.ts';

const channel = channelOf(1, {
  name: 'Retail',
  integration_meta: '{"external_id":"7"}',
  company_namespace: ['acme'],
  writtenBy: 'key1',
});
const next = (fields: Partial<Channel>): Channel => ({
  ...channel,
  __v: 1,
  updatedAt: channel.updatedAt + 5,
  writtenBy: 'key2',
  ...fields,
});
const by = { now: channel.updatedAt + 9, keyId: 'key3' };

/** The items that a change puts into a namespace, by their sort keys. */
const itemsOf = (before: Channel | undefined, after: Channel | undefined, namespace = 'acme') =>
  new Map(
    planChannelWrites(before, after, by, 0)
      .flatMap(({ Put }) => Put?.Item ?? [])
      .filter(({ pk }) => pk === `NS#${namespace}`)
      .map((item) => [item.sk as string, item]),
  );
const copyOf = (of: Channel, namespace?: string) => itemsOf(undefined, of, namespace).get(of._id) as Item;
const tombstoneOf = (of: Channel) => itemsOf(of, undefined).get(`~tombstone#${of._id}`) as Item;

const eventOf = (before: Item | undefined, after: Item | undefined) => {
  const { pk, sk } = (after ?? before) as { pk: string; sk: string };
  return toEvent({ pk, sk, before, after });
};

const common = { schema_version: 1, namespace: 'acme' };

describe('the item of a channel that is written', () => {
  it('becomes a creation if it is new', () => {
    expect(eventOf(undefined, copyOf(channel))).toEqual({
      source: 'client-channels',
      'detail-type': 'ChannelCreated',
      detail: {
        ...common,
        id: `acme:${channel._id}:0`,
        version: 0,
        occurred_at: '2023-01-15T10:30:00.001Z',
        actor: 'key1',
        channel: toDocument(channel),
        previous: null,
        changed: [],
      },
    });
  });

  it('becomes an update with the names of the changed fields if it existed', () => {
    const after = next({ local_name: 'تجزئة', disabled: true, integration_meta: '{"external_id":"8"}' });
    expect(eventOf(copyOf(channel), copyOf(after))).toEqual({
      source: 'client-channels',
      'detail-type': 'ChannelUpdated',
      detail: {
        ...common,
        id: `acme:${channel._id}:1`,
        version: 1,
        occurred_at: '2023-01-15T10:30:00.006Z',
        actor: 'key2',
        channel: toDocument(after),
        previous: toDocument(channel),
        changed: ['disabled', 'integration_meta', 'local_name'],
      },
    });
  });

  it.each<[string, Partial<Channel>, Partial<Channel>, string[]]>([
    ['a field that is added', {}, { local_name: 'x' }, ['local_name']],
    ['a field that is removed', { local_name: 'x' }, {}, ['local_name']],
    [
      'a new order of namespaces',
      { company_namespace: ['acme', 'b'] },
      { company_namespace: ['b', 'acme'] },
      ['company_namespace'],
    ],
    ['no field if only the version differs', {}, {}, []],
  ])('names as changed: %s', (_, before, after, changed) => {
    const [old, now] = [copyOf({ ...channel, ...before }), copyOf(next(after))];
    expect(eventOf(old, now)?.detail.changed).toEqual(changed);
  });

  it('becomes no event if only attributes outside the document differ', () => {
    const item = copyOf(channel);
    expect(eventOf(item, { ...item, nameKey: 'retail', writeId: 'other' })).toBeUndefined();
  });

  it('becomes an event without the attributes that only the item has', () => {
    const derived = { nameKey: 'retail', statusKey: 'enabled' };
    const plain = eventOf(copyOf(channel), copyOf(next({ name: 'New' })));
    const more = eventOf({ ...copyOf(channel) }, { ...copyOf(next({ name: 'New' })), ...derived });
    expect(more).toEqual(plain);
  });
});

describe('a tombstone that is written', () => {
  const deleted = {
    source: 'client-channels',
    'detail-type': 'ChannelDeleted',
    detail: {
      ...common,
      id: `acme:${channel._id}:1`,
      version: 1,
      occurred_at: '2023-01-15T10:30:00.010Z',
      actor: 'key3',
      channel: null,
      previous: toDocument(channel),
      changed: [],
    },
  };

  it('becomes a deletion, and its actor is the key that deleted the channel', () => {
    expect(eventOf(undefined, tombstoneOf(channel))).toEqual(deleted);
  });

  it('becomes a deletion if it replaces the tombstone of an earlier version', () => {
    const earlier = { ...tombstoneOf(channel), __v: 0 };
    expect(eventOf(earlier, tombstoneOf(channel))).toEqual(deleted);
  });

  it('becomes no event if it has the same version as before', () => {
    const item = tombstoneOf(channel);
    expect(eventOf(item, { ...item, expiresAt: 1 })).toBeUndefined();
  });
});

describe('a restored channel', () => {
  const restored = next({ __v: 5, restoredVersion: 5 });

  it('becomes a creation whose version counts on', () => {
    expect(eventOf(undefined, copyOf(restored))).toEqual({
      source: 'client-channels',
      'detail-type': 'ChannelCreated',
      detail: {
        ...common,
        id: `acme:${channel._id}:5`,
        version: 5,
        occurred_at: '2023-01-15T10:30:00.006Z',
        actor: 'key2',
        channel: toDocument(restored),
        previous: null,
        changed: [],
      },
    });
  });

  it('has the event of its restore as its last one, until it is updated', () => {
    const updated = next({ __v: 6, restoredVersion: 5 });
    expect(lastEventOf(copyOf(restored))).toEqual(eventOf(undefined, copyOf(restored)));
    expect(lastEventOf(copyOf(updated))).toMatchObject({
      'detail-type': 'ChannelUpdated',
      detail: { version: 6, previous: null, changed: [] },
    });
  });
});

describe('no event is made', () => {
  it.each([
    ['the item of a channel', copyOf(channel)],
    ['a tombstone (it expired, or its channel is back)', tombstoneOf(channel)],
  ])('if the removed item is %s', (_, item) => {
    expect(eventOf(item, undefined)).toBeUndefined();
  });

  it.each([
    '!count#3',
    '~idempotency#abc',
    '~pending#63c3d5a8007b000000000001',
    '63C3D5A8007B000000000001',
    '63c3',
  ])('of an item with the sort key %s', (sk) => {
    expect(eventOf(undefined, { pk: 'NS#acme', sk })).toBeUndefined();
  });
});

test('a change of a shared channel has a different event id in each namespace', () => {
  const shared = next({ company_namespace: ['acme', 'b'] });
  const ids = ['acme', 'b'].map((namespace) => eventOf(undefined, copyOf(shared, namespace))?.detail.id);
  expect(ids).toEqual([`acme:${channel._id}:1`, `b:${channel._id}:1`]);
});

describe('an item that the service did not write', () => {
  it.each<[string, object, RegExp]>([
    ['metadata that are not JSON', { integration_meta: '{' }, /JSON/],
    ['no time of update', { updatedAt: undefined }, /Invalid time value/],
    ['no name', { name: undefined }, /This is not a valid event: detail\.channel\.name \(invalid_type\)/],
    ['a name that is not text', { name: 7 }, /detail\.channel\.name/],
    ['no writer', { writtenBy: undefined }, /detail\.actor/],
    ['a version that is not an integer', { __v: 1.5 }, /detail\.version.*detail\.channel\.__v/],
    ['namespaces that are not a list', { company_namespace: 'acme' }, /detail\.channel\.company_namespace/],
  ])('is rejected if it has %s', (_, fields, message) => {
    const read = () => {
      const event = eventOf(undefined, { ...copyOf(channel), ...fields });
      if (event) checkEvent(event);
    };
    expect(read).toThrow(message);
  });
});
