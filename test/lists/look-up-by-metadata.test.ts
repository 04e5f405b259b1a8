import { describe, expect, test } from '@jest/globals';
import { above, allIds } from '../../lib/channels/id-range.ts';
import { metaKey } from '../../lib/channels/index-keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Query, Table } from '../../lib/dynamodb/table.ts';
import { lookUpChannels } from '../../lib/lists/read/look-up-by-metadata.ts';
import { idAt, seededAt } from '../support/seed.ts';

const idOf = (ordinal: number) => idAt(seededAt, ordinal);
const keyOf = (ordinal: number): Item => ({ pk: 'NS#acme', sk: idOf(ordinal) });

/** A table whose index names so many channels, a hundred a page, and in whose partition stands one. */
const tableOf = (count: number) => {
  const asked: Query[] = [];
  const got: Item[] = [];
  const table = {
    query: async (query: Query) => {
      asked.push(query);
      if (!query.IndexName) return { items: [keyOf(7)], count: 1, lastKey: undefined, units: 1 };
      const start = (asked.length - 1) * 100;
      const items = Array.from({ length: Math.min(100, count - start) }, (_, index) => keyOf(start + index));
      const lastKey = start + 100 < count ? items.at(-1) : undefined;
      return { items, count: items.length, lastKey, units: 0.5 };
    },
    batchGet: async (keys: Item[]) => {
      got.push(...keys);
      return keys;
    },
  };
  return { table: table as unknown as Table, asked, got };
};

const plan = { read: 'lookup', index: 'byMetaId', value: '5', idRange: allIds } as const;

describe('the channels that an index names', () => {
  test('are asked for by the digest of the value, over short pages, and got from the table', async () => {
    const { table, asked, got } = tableOf(250);
    const read = await lookUpChannels(table, 'acme', plan);
    expect(read.map(({ _id }) => _id)).toEqual(Array.from({ length: 250 }, (_, index) => idOf(index)));
    expect(got).toHaveLength(250);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({
      IndexName: 'byMetaId',
      KeyConditionExpression: 'pk = :pk AND metaIdKey = :key',
      ExpressionAttributeValues: { ':pk': 'NS#acme', ':key': metaKey('5') },
    });
  });

  test('are got once, though named twice', async () => {
    const { table, got } = tableOf(101);
    const again = {
      ...table,
      query: async () => ({ items: [keyOf(1), keyOf(2), keyOf(1)], count: 3, units: 1 }),
    };
    await lookUpChannels(again as unknown as Table, 'acme', plan);
    expect(got).toEqual([1, 2].map(keyOf));
  });

  test('are got within the range alone', async () => {
    const { table, got } = tableOf(10);
    await lookUpChannels(table, 'acme', { ...plan, idRange: above(idOf(6), allIds) });
    expect(got).toEqual([7, 8, 9].map(keyOf));
  });

  test('are got up to 1,000; where they are more, the partition is read', async () => {
    const few = tableOf(1_000);
    expect(await lookUpChannels(few.table, 'acme', plan)).toHaveLength(1_000);
    expect(few.asked.filter(({ IndexName }) => !IndexName)).toEqual([]);
    const many = tableOf(1_001);
    expect((await lookUpChannels(many.table, 'acme', plan)).map(({ _id }) => _id)).toEqual([idOf(7)]);
    expect(many.got).toEqual([]);
    expect(many.asked.at(-1)).toMatchObject({ ConsistentRead: true });
  });
});
