import { describe, expect, test } from '@jest/globals';
import { type Channel, toDocument } from '../../lib/channels/channel.ts';
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
const by = { now: 1_700_000_000_000, keyId: 'key2' };
const { _id, ...attributes } = channel;
const copyIn = (namespace: string, changes = {}) => ({
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
const tombstone = (namespace: string) => ({
  Put: {
    Item: {
      pk: `NS#${namespace}`,
      sk: `~tombstone#${id}`,
      deletedAt: by.now,
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
      expiresAt: 1_700_000_000 + 90 * 24 * 60 * 60,
    },
  },
});

/** A mark for the directory, which tells of the name before and after. */
const mark = (namespace: string, was: string | undefined, is: string | undefined, token = '4') => ({
  Update: {
    Key: { pk: `NS#${namespace}`, sk: `~pending#${id}` },
    UpdateExpression:
      'SET #token = :token, pendingSince = if_not_exists(pendingSince, :now), ' +
      '#indexed = list_append(if_not_exists(#indexed, :none), :names), ' +
      'indexedBytes = if_not_exists(indexedBytes, :zero) + :bytes, ' +
      `counted = if_not_exists(counted, :counted)${is === undefined ? ' REMOVE #target' : ', #target = :target'}`,
    ...(is !== undefined && {
      ConditionExpression: 'attribute_not_exists(indexedBytes) OR indexedBytes < :max',
    }),
    ExpressionAttributeNames: { '#token': 'token', '#target': 'target', '#indexed': 'indexed' },
    ExpressionAttributeValues: {
      ':token': token,
      ':now': '2023-11-14T22:13:20.000Z',
      ':none': [],
      ':names': was === undefined ? [] : [was],
      ':zero': 0,
      ':bytes': was?.length ?? 0,
      ':counted': was !== undefined,
      ...(is !== undefined && { ':target': is, ':max': 65_536 }),
    },
  },
});

// A transaction's item of up to 1 KB is two write units.
describe('what is written', () => {
  test('for a creation: the copy, where there is none yet, the count, and a mark', () => {
    expect(planChannelWrites(undefined, channel, by, 5)).toEqual([
      { Put: { Item: copyIn('a'), ConditionExpression: 'attribute_not_exists(pk)' } },
      count('a', 1, 0),
      mark('a', undefined, 'retail', '3'),
    ]);
  });

  test('for a renaming: the copy of the version as it was, and a mark', () => {
    const renamed = { ...channel, name: 'New', __v: 4 };
    expect(planChannelWrites(channel, renamed, by, 5)).toEqual([
      { Put: { Item: copyIn('a', { name: 'New', __v: 4 }), ...isVersion3 } },
      mark('a', 'retail', 'new'),
    ]);
  });

  test('for a renaming that folding makes none: the copy alone', () => {
    const renamed = { ...channel, name: 'RETAIL', __v: 4 };
    expect(planChannelWrites(channel, renamed, by, 5)).toEqual([
      { Put: { Item: copyIn('a', { name: 'RETAIL', __v: 4 }), ...isVersion3 } },
    ]);
  });

  test('for a toggle: the copy, and the count of both states', () => {
    const toggled = { ...channel, disabled: true, __v: 4 };
    expect(planChannelWrites(channel, toggled, by, 5)).toEqual([
      { Put: { Item: copyIn('a', { disabled: true, __v: 4 }), ...isVersion3 } },
      count('a', -1, 1),
    ]);
  });

  test('for a deletion: no copy, a tombstone, the count, and a mark', () => {
    expect(planChannelWrites(channel, undefined, by, 5)).toEqual([
      { Delete: { Key: { pk: 'NS#a', sk: id }, ...isVersion3 } },
      tombstone('a'),
      count('a', -1, 0),
      mark('a', 'retail', undefined),
    ]);
  });

  test('for a move: a tombstone where it was, none where it comes', () => {
    const moved = { ...channel, company_namespace: ['b'], __v: 4 };
    expect(planChannelWrites(channel, moved, by, 5)).toEqual([
      { Delete: { Key: { pk: 'NS#a', sk: id }, ...isVersion3 } },
      tombstone('a'),
      count('a', -1, 0),
      mark('a', 'retail', undefined),
      {
        Put: {
          Item: copyIn('b', { company_namespace: ['b'], __v: 4 }),
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
      { Delete: { Key: { pk: 'NS#b', sk: `~tombstone#${id}` } } },
      count('b', 1, 0),
      mark('b', undefined, 'retail'),
    ]);
  });

  test('between 10 namespaces and 10 others fits a transaction of 100 items', () => {
    const names = (prefix: string) => Array.from({ length: 10 }, (_, index) => `${prefix}${index}`);
    const from = { ...channel, company_namespace: names('a') };
    const to = { ...channel, company_namespace: names('b'), __v: 4 };
    expect(planChannelWrites(from, to, by, 5)).toHaveLength(80);
  });
});

test('a copy is read as the channel that was written, without the keys of indexes', () => {
  const whole = { ...channel, local_name: 'x', integration_meta: '{"external_id":"a","id":"b"}' };
  const [copy] = planChannelWrites(undefined, whole, by, 5);
  expect(fromItem(copy?.Put?.Item ?? {})).toEqual(whole);
});

test('an idempotency record lives a day, and has no effect afterwards', () => {
  const document = toDocument(channel);
  expect(idempotencyPut('a', { keyHash: 'hash', fingerprint: 'f' }, document, by.now)).toEqual({
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

test('the totals of a namespace are the sums of its counters', () => {
  const counters = [{ enabled: 3, disabled: 1 }, { enabled: -1 }, { disabled: 2, changes: 9 }];
  expect(sumCounters(counters)).toEqual({ enabled: 2, disabled: 3 });
});
