import { describe, expect, it, test } from '@jest/globals';
import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import { planChannelWrites } from '../../lib/channels/items.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { checkEvent } from '../../lib/events/event-schema.ts';
import { toEvent } from '../../lib/events/to-event.ts';
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

/** The items that a transition puts into a namespace, by their sort keys. */
const itemsOf = (before: Channel | undefined, after: Channel | undefined, namespace = 'acme') =>
  new Map(
    planChannelWrites(before, after, by, 0)
      .flatMap(({ Put }) => (Put ? [Put.Item] : []))
      .filter(({ pk }) => pk === `NS#${namespace}`)
      .map((item) => [item.sk as string, item]),
  );
const copyOf = (of: Channel, namespace?: string) => itemsOf(undefined, of, namespace).get(of._id) as Item;
const tombstoneOf = (of: Channel) => itemsOf(of, undefined).get(`~gone#${of._id}`) as Item;

const eventOf = (before: Item | undefined, after: Item | undefined) => {
  const { pk, sk } = (after ?? before) as { pk: string; sk: string };
  return toEvent({ pk, sk, before, after });
};

const about = { schema_version: 1, namespace: 'acme' };

describe('a copy that is written', () => {
  it('is a creation where there was none', () => {
    expect(eventOf(undefined, copyOf(channel))).toEqual({
      source: 'client-channels',
      'detail-type': 'ChannelCreated',
      detail: {
        ...about,
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

  it('is an update where there was one, and tells the fields that differ', () => {
    const after = next({ local_name: 'تجزئة', disabled: true, integration_meta: '{"external_id":"8"}' });
    expect(eventOf(copyOf(channel), copyOf(after))).toEqual({
      source: 'client-channels',
      'detail-type': 'ChannelUpdated',
      detail: {
        ...about,
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
    ['a field that comes', {}, { local_name: 'x' }, ['local_name']],
    ['a field that goes', { local_name: 'x' }, {}, ['local_name']],
    [
      'an order of namespaces',
      { company_namespace: ['acme', 'b'] },
      { company_namespace: ['b', 'acme'] },
      ['company_namespace'],
    ],
    ['nothing but the version', {}, {}, []],
  ])('tells %s', (_, before, after, changed) => {
    const [old, now] = [copyOf({ ...channel, ...before }), copyOf(next(after))];
    expect(eventOf(old, now)?.detail.changed).toEqual(changed);
  });

  it('is no event where its document is the same, whatever else of the item is not', () => {
    const item = copyOf(channel);
    expect(eventOf(item, { ...item, nameKey: 'retail', writeId: 'other' })).toBeUndefined();
  });

  it('shows nothing of what only the item has', () => {
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
      ...about,
      id: `acme:${channel._id}:1`,
      version: 1,
      occurred_at: '2023-01-15T10:30:00.010Z',
      actor: 'key3',
      channel: null,
      previous: toDocument(channel),
      changed: [],
    },
  };

  it('is a deletion, by whoever deleted', () => {
    expect(eventOf(undefined, tombstoneOf(channel))).toEqual(deleted);
  });

  it('is another deletion where one of an earlier leaving stood', () => {
    const earlier = { ...tombstoneOf(channel), __v: 0 };
    expect(eventOf(earlier, tombstoneOf(channel))).toEqual(deleted);
  });

  it('is no event where it was there already', () => {
    const item = tombstoneOf(channel);
    expect(eventOf(item, { ...item, expiresAt: 1 })).toBeUndefined();
  });
});

describe('no event', () => {
  it.each([
    ['a copy that goes', copyOf(channel)],
    ['a tombstone that goes, swept or because its channel is back', tombstoneOf(channel)],
  ])('is %s', (_, item) => {
    expect(eventOf(item, undefined)).toBeUndefined();
  });

  it.each([
    '!count#3',
    '~idempotency#abc',
    '~pending#63c3d5a8007b000000000001',
    '63C3D5A8007B000000000001',
    '63c3',
  ])('is an item under %s', (sk) => {
    expect(eventOf(undefined, { pk: 'NS#acme', sk })).toBeUndefined();
  });
});

test('one change of a shared channel has another id in each namespace', () => {
  const shared = next({ company_namespace: ['acme', 'b'] });
  const ids = ['acme', 'b'].map((namespace) => eventOf(undefined, copyOf(shared, namespace))?.detail.id);
  expect(ids).toEqual([`acme:${channel._id}:1`, `b:${channel._id}:1`]);
});

describe('an item that the service did not write', () => {
  it.each<[string, object, RegExp]>([
    ['metadata that is no JSON', { integration_meta: '{' }, /JSON/],
    ['no time', { updatedAt: undefined }, /Invalid time value/],
    ['no name', { name: undefined }, /This is no event: detail\.channel\.name \(invalid_type\)/],
    ['a name that is no text', { name: 7 }, /detail\.channel\.name/],
    ['no writer', { writtenBy: undefined }, /detail\.actor/],
    ['a version that is no count', { __v: 1.5 }, /detail\.version.*detail\.channel\.__v/],
    ['namespaces that are no list', { company_namespace: 'acme' }, /detail\.channel\.company_namespace/],
  ])('makes no event out of %s', (_, fields, message) => {
    const read = () => {
      const event = eventOf(undefined, { ...copyOf(channel), ...fields });
      if (event) checkEvent(event);
    };
    expect(read).toThrow(message);
  });
});
