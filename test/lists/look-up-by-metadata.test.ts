import { describe, expect, test } from '@jest/globals';
import { above, allIds } from '../../lib/channels/id-range.ts';
import { metaKey } from '../../lib/channels/index-keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { lookUpChannels } from '../../lib/lists/read/look-up-by-metadata.ts';
import { mockTable } from '../support/mock-table.ts';
import { idAt, seededAt } from '../support/seed.ts';

const idOf = (ordinal: number) => idAt(seededAt, ordinal);
const keyOf = (ordinal: number): Item => ({ pk: 'NS#acme', sk: idOf(ordinal) });

/** A table whose index contains this many channels, 100 a page. A query of the partition finds channel 7 only. */
const tableWith = (count: number) => {
  let start = 0;
  return mockTable(({ IndexName }) => {
    if (!IndexName) return { items: [keyOf(7)] };
    const ordinals = Array.from({ length: Math.min(100, count - start) }, (_, index) => start + index);
    start += 100;
    const items = ordinals.map(keyOf);
    return { items, lastKey: start < count ? items.at(-1) : undefined };
  });
};

const plan: Parameters<typeof lookUpChannels>[2] = {
  read: 'lookup',
  index: 'byMetaId',
  values: ['5'],
  idRange: allIds,
};

describe('lookUpChannels', () => {
  test('queries the index by the hash of the value, over several pages, and gets the channels from the table', async () => {
    const { table, queries, batches } = tableWith(250);

    const channels = await lookUpChannels(table, 'acme', plan);

    expect(channels.map(({ _id }) => _id)).toEqual(Array.from({ length: 250 }, (_, index) => idOf(index)));
    expect(batches.flat()).toHaveLength(250);
    expect(queries).toHaveLength(3);
    expect(queries[0]).toMatchObject({
      TableName: 'channels',
      IndexName: 'byMetaId',
      KeyConditionExpression: 'pk = :pk AND metaIdKey = :key',
      ExpressionAttributeValues: { ':pk': 'NS#acme', ':key': metaKey('5') },
    });
  });

  test('gets a channel once if the index returns it twice', async () => {
    const { table, batches } = mockTable(() => ({ items: [keyOf(1), keyOf(2), keyOf(1)] }));

    await lookUpChannels(table, 'acme', plan);

    expect(batches).toEqual([[1, 2].map(keyOf)]);
  });

  test('gets only channels of the id range', async () => {
    const { table, batches } = tableWith(10);

    await lookUpChannels(table, 'acme', { ...plan, idRange: above(idOf(6), allIds) });

    expect(batches).toEqual([[7, 8, 9].map(keyOf)]);
  });

  test('gets up to 1,000 channels one by one', async () => {
    const { table, queries } = tableWith(1_000);

    expect(await lookUpChannels(table, 'acme', plan)).toHaveLength(1_000);
    expect(queries.filter(({ IndexName }) => !IndexName)).toEqual([]);
  });

  test('reads the partition instead if the index finds more than 1,000', async () => {
    const { table, queries, batches } = tableWith(1_001);

    const channels = await lookUpChannels(table, 'acme', plan);

    expect(channels.map(({ _id }) => _id)).toEqual([idOf(7)]);
    expect(batches).toEqual([]);
    expect(queries.at(-1)).toMatchObject({ ConsistentRead: true });
  });

  test('queries the index once for each of several values, and gets each channel once', async () => {
    const found: Record<string, number[]> = {
      [metaKey('a')]: [1, 2],
      [metaKey('b')]: [],
      [metaKey('c')]: [2, 3],
    };
    const { table, queries, batches } = mockTable(({ ExpressionAttributeValues }) => ({
      items: (found[ExpressionAttributeValues?.[':key'] as string] ?? []).map(keyOf),
    }));

    await lookUpChannels(table, 'acme', { ...plan, values: ['a', 'b', 'c'] });

    expect(queries).toHaveLength(3);
    // Channel 2 had the value "a" when one query ran, and "c" when another one did.
    expect(batches).toEqual([[1, 2, 3].map(keyOf)]);
  });

  test('counts the channels of all values together, and stops soon after 1,000', async () => {
    const { table, queries, batches } = mockTable(({ IndexName }) => ({
      items: IndexName ? Array.from({ length: 126 }, (_, index) => keyOf(index)) : [keyOf(7)],
    }));

    const channels = await lookUpChannels(table, 'acme', {
      ...plan,
      values: Array.from({ length: 100 }, (_, index) => `${index}`),
    });

    expect(channels.map(({ _id }) => _id)).toEqual([idOf(7)]);
    expect(batches).toEqual([]);
    // The first 8 queries run at once and find 1,008 channels. Then the partition is read.
    expect(queries).toHaveLength(9);
  });
});
