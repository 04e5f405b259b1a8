import { describe, expect, test } from '@jest/globals';
import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import { externalKeyItemKey, externalKeyOf } from '../../lib/channels/external-keys.ts';
import { indexKeys } from '../../lib/channels/index-keys.ts';
import { fromItem, idempotencyPut, sumCounters } from '../../lib/channels/items.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';

const id = '63c3d5a8007b000000000001';
const channel: Channel = {
  _id: id,
  name: 'Retail',
  disabled: false,
  company_namespace: ['a'],
  updatedAt: 1_673_778_600_123,
  __v: 3,
  writeId: 'w',
  writtenBy: 'key1',
};
const context = { now: 1_700_000_000_000, keyId: 'key2' };
const { _id, ...attributes } = channel;
const itemIn = (namespace: string, changes = {}) => ({
  pk: `NS#${namespace}`,
  sk: id,
  ...attributes,
  ...changes,
  ...indexKeys({ ...channel, ...changes }),
});
const isVersion3 = {
  ConditionExpression: '#v = :v',
  ExpressionAttributeNames: { '#v': '__v' },
  ExpressionAttributeValues: { ':v': 3 },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
};
const count = (namespace: string, enabled: number, disabled: number) => ({
  Update: {
    Key: { pk: `NS#${namespace}`, sk: '!count#5' },
    UpdateExpression: 'ADD enabled :enabled, disabled :disabled, changes :one',
    ExpressionAttributeValues: { ':enabled': enabled, ':disabled': disabled, ':one': 1 },
  },
});
const tombstone = (namespace: string, isDeletion: boolean) => ({
  Put: {
    Item: {
      pk: `NS#${namespace}`,
      sk: `~tombstone#${id}`,
      deletedAt: context.now,
      writtenBy: 'key2',
      __v: 4,
      document: JSON.stringify({
        _id: id,
        name: 'Retail',
        disabled: false,
        company_namespace: channel.company_namespace,
        createdAt: '2023-01-15T10:30:00.123Z',
        updatedAt: '2023-01-15T10:30:00.123Z',
        __v: 3,
      }),
      ...(isDeletion && { isDeletion }),
      expiresAt: 1_700_000_000 + 90 * 24 * 60 * 60,
    },
  },
});

/** A pending change with the searchable texts before and after. */
const pendingChange = (
  namespace: string,
  textBefore: string | undefined,
  textAfter: string | undefined,
  token = '4',
) => ({
  Update: {
    Key: { pk: `NS#${namespace}`, sk: `~pending#${id}` },
    UpdateExpression:
      'SET #token = :token, pendingSince = if_not_exists(pendingSince, :now), ' +
      '#indexed = list_append(if_not_exists(#indexed, :none), :texts), ' +
      'indexedBytes = if_not_exists(indexedBytes, :zero) + :bytes, ' +
      `counted = if_not_exists(counted, :counted)${textAfter === undefined ? ' REMOVE #target' : ', #target = :target'}`,
    ...(textAfter !== undefined && {
      ConditionExpression: 'attribute_not_exists(indexedBytes) OR indexedBytes < :max',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
    ExpressionAttributeNames: { '#token': 'token', '#target': 'target', '#indexed': 'indexed' },
    ExpressionAttributeValues: {
      ':token': token,
      ':now': '2023-11-14T22:13:20.000Z',
      ':none': [],
      ':texts': textBefore === undefined ? [] : [textBefore],
      ':zero': 0,
      ':bytes': Buffer.byteLength(textBefore ?? ''),
      ':counted': textBefore !== undefined,
      ...(textAfter !== undefined && { ':target': textAfter, ':max': 49_152 }),
    },
  },
});

const externalKey = (namespace: string, path: 'external_id' | 'id', value: string) =>
  externalKeyItemKey(namespace, externalKeyOf(path, value) as string);

/** The channel becomes a carrier of an external key. */
const added = (namespace: string, path: 'external_id' | 'id', value: string) => ({
  Update: {
    Key: externalKey(namespace, path, value),
    UpdateExpression: 'SET #token = :token ADD n :one, ids :id',
    ConditionExpression: 'attribute_not_exists(ids) OR size(ids) < :max',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':one': 1, ':token': expect.any(String), ':id': new Set([id]), ':max': 20 },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});

/** The channel is no longer a carrier of an external key. This has no condition. */
const removed = (namespace: string, path: 'external_id' | 'id', value: string) => ({
  Update: {
    Key: externalKey(namespace, path, value),
    UpdateExpression: 'SET #token = :token ADD n :minusOne DELETE ids :id',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': expect.any(String), ':minusOne': -1, ':id': new Set([id]) },
  },
});

// In a transaction, an item of up to 1 KB costs two write units.
describe('planChannelWrites', () => {
  test('writes for a creation: the item if there is none yet, the counter, and a pending change', () => {
    expect(planChannelWrites(undefined, channel, context, 5)).toEqual([
      { Put: { Item: itemIn('a'), ConditionExpression: 'attribute_not_exists(pk)' } },
      count('a', 1, 0),
      pendingChange('a', undefined, 'retail', '3'),
    ]);
  });

  test('writes for a new name: the item if its version is unchanged, and a pending change', () => {
    const renamed = { ...channel, name: 'New', __v: 4 };
    expect(planChannelWrites(channel, renamed, context, 5)).toEqual([
      { Put: { Item: itemIn('a', { name: 'New', __v: 4 }), ...isVersion3 } },
      pendingChange('a', 'retail', 'new'),
    ]);
  });

  test('writes for a new name that is folded to the old one: only the item', () => {
    const renamed = { ...channel, name: 'RETAIL', __v: 4 };
    expect(planChannelWrites(channel, renamed, context, 5)).toEqual([
      { Put: { Item: itemIn('a', { name: 'RETAIL', __v: 4 }), ...isVersion3 } },
    ]);
  });

  const withLocalName = { ...channel, local_name: 'قناة' };

  test('writes for a creation with a local name: a pending change with both names', () => {
    expect(planChannelWrites(undefined, withLocalName, context, 5).at(-1)).toEqual(
      pendingChange('a', undefined, 'retail\nقناه', '3'),
    );
  });

  test.each([
    ['added', channel, withLocalName, 'retail', 'retail\nقناه'],
    ['changed', withLocalName, { ...channel, local_name: 'متجر' }, 'retail\nقناه', 'retail\nمتجر'],
    ['removed', withLocalName, channel, 'retail\nقناه', 'retail'],
  ])('writes for a local name that is %s: the item, and a pending change, but no counter', (_, before, next, textBefore, textAfter) => {
    const after = { ...next, __v: 4 };
    const { local_name } = after as { local_name?: string };
    const item = itemIn('a', { ...(local_name !== undefined && { local_name }), __v: 4 });
    expect(planChannelWrites(before, after, context, 5)).toEqual([
      { Put: { Item: item, ...isVersion3 } },
      pendingChange('a', textBefore, textAfter),
    ]);
  });

  test('writes for a local name that is folded to the old one: only the item', () => {
    const after = { ...channel, local_name: 'قَنَاة', __v: 4 };
    expect(planChannelWrites(withLocalName, after, context, 5)).toEqual([
      { Put: { Item: itemIn('a', { local_name: 'قَنَاة', __v: 4 }), ...isVersion3 } },
    ]);
  });

  test('writes for a toggle: the item, and the counters of both states', () => {
    const toggled = { ...channel, disabled: true, __v: 4 };
    expect(planChannelWrites(channel, toggled, context, 5)).toEqual([
      { Put: { Item: itemIn('a', { disabled: true, __v: 4 }), ...isVersion3 } },
      count('a', -1, 1),
    ]);
  });

  test('writes for a deletion: the deletion of the item, a tombstone, the counter, and a pending change', () => {
    expect(planChannelWrites(channel, undefined, context, 5)).toEqual([
      { Delete: { Key: { pk: 'NS#a', sk: id }, ...isVersion3 } },
      tombstone('a', true),
      count('a', -1, 0),
      pendingChange('a', 'retail', undefined),
    ]);
  });

  test('writes for a move: a tombstone in the namespace that it leaves, and none in the one that it joins', () => {
    const moved = { ...channel, company_namespace: ['b'], __v: 4 };
    expect(planChannelWrites(channel, moved, context, 5)).toEqual([
      { Delete: { Key: { pk: 'NS#a', sk: id }, ...isVersion3 } },
      tombstone('a', false),
      count('a', -1, 0),
      pendingChange('a', 'retail', undefined),
      {
        Put: {
          Item: itemIn('b', { company_namespace: ['b'], __v: 4 }),
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
      { Delete: { Key: { pk: 'NS#b', sk: `~tombstone#${id}` } } },
      count('b', 1, 0),
      pendingChange('b', undefined, 'retail'),
    ]);
  });

  const names = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `n${from + index}`);
  const withBoth = (company_namespace: string[], value: string) => ({
    ...channel,
    name: value,
    integration_meta: JSON.stringify({ external_id: value, id: value }),
    company_namespace,
  });

  test('fits a transaction of 100 items if 12 namespaces are added and removed, and everything else changes', () => {
    const from = withBoth(names(0, 10), 'old');
    const to = { ...withBoth(names(6, 16), 'new'), disabled: true, __v: 4 };
    expect(planChannelWrites(from, to, context, 5)).toHaveLength(100);
  });

  test('refuses a move that needs more than 100 items, and advises to make it in two updates', () => {
    const from = withBoth(names(0, 10), 'same');
    const to = { ...withBoth(names(10, 20), 'same'), __v: 4 };
    const message = 'moves the channel between too many namespaces at once: move it in two updates';
    expect(() => planChannelWrites(from, to, context, 5)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: `This update ${message}.`,
        details: [{ path: 'company_namespace', message }],
      }),
    );
  });
});

describe('the external keys of a channel', () => {
  const withMeta = (meta: object | undefined, changes: Partial<Channel> = {}): Channel => ({
    ...channel,
    ...(meta && { integration_meta: JSON.stringify(meta) }),
    ...changes,
  });
  /** The planned writes of items of external keys. */
  const keyWrites = (...[before, after, crowded]: [Channel | undefined, Channel | undefined, Set<string>?]) =>
    planChannelWrites(before, after, context, 5, crowded).filter(({ Update }) =>
      Update?.Key?.pk.startsWith('EXTERNAL#'),
    );

  test('get their item with the creation, in each namespace', () => {
    expect(
      keyWrites(undefined, withMeta({ external_id: 'x', id: 5 }, { company_namespace: ['a', 'b'] })),
    ).toEqual([
      added('a', 'external_id', 'x'),
      added('a', 'id', '5'),
      added('b', 'external_id', 'x'),
      added('b', 'id', '5'),
    ]);
  });

  test('are given up with the deletion', () => {
    expect(keyWrites(withMeta({ external_id: 'x', id: 5 }), undefined)).toEqual([
      removed('a', 'external_id', 'x'),
      removed('a', 'id', '5'),
    ]);
  });

  test('that change are exchanged in each namespace, and the others keep their items', () => {
    const shared = { company_namespace: ['a', 'b'] };
    const before = withMeta({ external_id: 'x', id: 5 }, shared);
    const after = withMeta({ external_id: 'y', id: '5' }, { ...shared, __v: 4 });
    expect(keyWrites(before, after)).toEqual([
      removed('a', 'external_id', 'x'),
      added('a', 'external_id', 'y'),
      removed('b', 'external_id', 'x'),
      added('b', 'external_id', 'y'),
    ]);
  });

  test('move with the channel to another namespace', () => {
    const before = withMeta({ external_id: 'x' });
    const after = withMeta({ external_id: 'x' }, { company_namespace: ['b'], __v: 4 });
    expect(keyWrites(before, after)).toEqual([
      removed('a', 'external_id', 'x'),
      added('b', 'external_id', 'x'),
    ]);
  });

  test.each<[string, object | undefined, object | undefined]>([
    ['other metadata change', { external_id: 'x', a: 1 }, { external_id: 'x', a: 2 }],
    ['there are none', undefined, { a: 1, external_id: ['x'] }],
    ['they are empty or null, which counts as no id', { external_id: null }, { external_id: '', id: 'null' }],
  ])('need no write if %s', (_, before, after) => {
    expect(keyWrites(withMeta(before), withMeta(after, { __v: 4 }))).toEqual([]);
  });

  test('get a token that differs in every write', () => {
    const tokens = [1, 2].flatMap(() =>
      keyWrites(undefined, withMeta({ external_id: 'x', id: 'x' })).map(
        ({ Update }) => Update?.ExpressionAttributeValues?.[':token'],
      ),
    );
    expect(new Set(tokens).size).toBe(4);
  });

  test('are only counted if their item is crowded in that namespace', () => {
    const { pk, sk } = externalKey('a', 'external_id', 'x');
    const after = withMeta({ external_id: 'x' }, { company_namespace: ['a', 'b'] });
    expect(keyWrites(undefined, after, new Set([`${pk} ${sk}`]))).toEqual([
      {
        Update: {
          Key: { pk, sk },
          UpdateExpression: 'SET #token = :token ADD n :one',
          ExpressionAttributeNames: { '#token': 'token' },
          ExpressionAttributeValues: { ':one': 1, ':token': expect.any(String) },
        },
      },
      added('b', 'external_id', 'x'),
    ]);
  });

  test('are in 16 partitions of the namespace', () => {
    const partitions = Array.from({ length: 1_000 }, (_, index) => externalKey('acme', 'id', `${index}`).pk);
    expect(new Set(partitions)).toEqual(
      new Set(Array.from({ length: 16 }, (_, shard) => `EXTERNAL#acme#${shard}`)),
    );
  });
});

test('fromItem returns the channel that was written, without the index keys', () => {
  const complete = { ...channel, local_name: 'x', integration_meta: '{"external_id":"a","id":"b"}' };
  const [write] = planChannelWrites(undefined, complete, context, 5);
  expect(fromItem(write?.Put?.Item ?? {})).toEqual(complete);
});

test('idempotencyPut writes a record that has an effect for a day', () => {
  const document = toDocument(channel);
  expect(idempotencyPut('a', { keyHash: 'hash', fingerprint: 'f' }, document, context.now)).toEqual({
    Put: {
      Item: {
        pk: 'NS#a',
        sk: '~idempotency#hash',
        fingerprint: 'f',
        document: JSON.stringify(document),
        expiresAt: 1_700_000_000 + 24 * 60 * 60,
      },
      ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
      ExpressionAttributeValues: { ':now': 1_700_000_000 },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  });
});

test('sumCounters adds the counters of a namespace', () => {
  const counters = [{ enabled: 3, disabled: 1 }, { enabled: -1 }, { disabled: 2, changes: 9 }];
  expect(sumCounters(counters)).toEqual({ enabled: 2, disabled: 3 });
});
