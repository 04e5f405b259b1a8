import { describe, expect, test } from '@jest/globals';
import { fromVersionItem, toVersionItem, type Version, versionsOf } from '../../lib/history/version-items.ts';

const channel = { namespace: 'acme', id: '60f1b2b3c9e9a12345678901' };
const document = {
  _id: channel.id,
  name: 'Retail',
  disabled: false,
  integration_meta: JSON.parse('{"":1e21,"__proto__":{"a.b":[]},"x":-1.5e-300}'),
  company_namespace: ['acme'],
  createdAt: '2026-11-24T09:00:00.000Z',
  updatedAt: '2026-11-24T09:30:00.000Z',
  __v: 3,
};
const version: Version = {
  version: 3,
  at: '2026-11-24T09:30:00.000Z',
  actor: 'key1',
  type: 'updated',
  changed: ['integration_meta'],
  channel: document,
};
const keysOf = (fields: Partial<Version>) => {
  const { pk, sk } = toVersionItem(channel, { ...version, ...fields });
  return [pk, sk];
};

describe('the item of a version', () => {
  test('has the key of the channel in its namespace, the version with leading zeros and the time, and lives for a year', () => {
    expect(toVersionItem(channel, version)).toEqual({
      pk: 'HISTORY#acme#60f1b2b3c9e9a12345678901',
      sk: '0000000000000003#2026-11-24T09:30:00.000Z',
      type: 'updated',
      actor: 'key1',
      changed: ['integration_meta'],
      document: JSON.stringify(document),
      expiresAt: Date.parse('2027-11-24T09:30:00.000Z') / 1000,
    });
  });

  test.each<[string, Partial<Version>]>([
    ['an update', {}],
    ['an update that changed no field of the document', { changed: [] }],
    ['a creation', { type: 'created', changed: [] }],
    ['a restore', { type: 'restored', changed: [] }],
    ['a deletion', { type: 'deleted', changed: [], channel: null }],
  ])('gives the version back as it was: %s', (_, fields) => {
    const given = { ...version, ...fields };
    const read = fromVersionItem(toVersionItem(channel, given));
    expect(read).toEqual(given);
    // The metadata has a key that an assignment would lose.
    expect(JSON.stringify(read)).toBe(JSON.stringify(given));
  });

  test('sorts by the version, also where its number gets another digit', () => {
    const versions = [0, 9, 10, 99, 100, 1_790_000_000_000, 9_007_199_254_740_991];
    const sortKeys = versions.map((number) => keysOf({ version: number })[1] as string);
    expect([...sortKeys].sort()).toEqual(sortKeys);
  });

  test('is another one if a version is made again after a restored backup, and the later one sorts last', () => {
    const [first, again] = [keysOf({}), keysOf({ at: '2026-11-25T08:00:00.000Z' })];
    expect(again[0]).toBe(first[0]);
    expect((again[1] as string) > (first[1] as string)).toBe(true);
  });

  test('is in a partition of its own for each channel and each namespace', () => {
    const others = [
      { ...channel, namespace: 'acme2' },
      { ...channel, id: '60f1b2b3c9e9a12345678902' },
    ];
    const partitions = [channel, ...others].map((each) => toVersionItem(each, version).pk);
    expect(new Set(partitions).size).toBe(3);
  });
});

test('the versions of a channel are read newest first, from the first one or after another one', () => {
  const partition = { ':pk': 'HISTORY#acme#60f1b2b3c9e9a12345678901' };
  expect([versionsOf(channel, undefined), versionsOf(channel, 'x')]).toEqual([
    {
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: partition,
      ScanIndexForward: false,
    },
    {
      KeyConditionExpression: 'pk = :pk AND sk < :after',
      ExpressionAttributeValues: { ...partition, ':after': 'x' },
      ScanIndexForward: false,
    },
  ]);
});
