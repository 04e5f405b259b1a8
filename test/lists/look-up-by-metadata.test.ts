import { describe, expect, test } from '@jest/globals';
import { type ExternalKeyPath, externalKeyItemKey, externalKeyOf } from '../../lib/channels/external-keys.ts';
import { above, allIds } from '../../lib/channels/id-range.ts';
import { metaKey } from '../../lib/channels/index-keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { lookUpChannels, lookUpKnownChannels } from '../../lib/lists/read/look-up-by-metadata.ts';
import { mockTable } from '../support/mock-table.ts';
import { idAt, seededAt } from '../support/seed.ts';

const idOf = (ordinal: number) => idAt(seededAt, ordinal);
const channelKey = (ordinal: number): Item => ({ pk: 'NS#acme', sk: idOf(ordinal) });
const ordinals = (count: number) => Array.from({ length: count }, (_, index) => index);

/** The key of the item of an external key. */
const itemKey = (path: ExternalKeyPath, value: string): Item =>
  externalKeyItemKey('acme', externalKeyOf(path, value) as string);

interface Stored {
  /** The number of channels with a value, and the ordinals of those that its item names. */
  items?: Record<string, { n: number; known: number[] }>;
  /** The ordinals of the channels that the index finds for a value. It returns 100 a page. */
  indexed?: Record<string, number[]>;
  path?: ExternalKeyPath;
}

/** A table with external keys and an index. A query of the partition finds channel 7 only. */
const tableWith = ({ items = {}, indexed = {}, path = 'id' }: Stored) => {
  const stored = Object.entries(items).map(
    ([value, { n, known }]): Item => ({
      ...itemKey(path, value),
      n,
      ...(known.length && { ids: new Set(known.map(idOf)) }),
    }),
  );
  return mockTable(
    ({ IndexName, ExpressionAttributeValues, ExclusiveStartKey }) => {
      if (!IndexName) return { items: [channelKey(7)] };
      const [, found = []] =
        Object.entries(indexed).find(([value]) => metaKey(value) === ExpressionAttributeValues?.[':key']) ??
        [];
      const start = ExclusiveStartKey
        ? found.findIndex((each) => idOf(each) === ExclusiveStartKey.sk) + 1
        : 0;
      const page = found.slice(start, start + 100).map(channelKey);
      return { items: page, lastKey: start + 100 < found.length ? page.at(-1) : undefined };
    },
    (key) =>
      `${key.pk}`.startsWith('NS#') ? key : stored.find(({ pk, sk }) => pk === key.pk && sk === key.sk),
  );
};

const lookup = (...values: string[]) => ({ lookup: { path: 'id' as const, values }, idRange: allIds });
const idsOf = (channels: { _id: string }[] | undefined) => channels?.map(({ _id }) => _id);

describe('lookUpChannels', () => {
  test('reads the items of all values in one call, and then their channels, without an index', async () => {
    const { table, queries, batches } = tableWith({
      items: { a: { n: 2, known: [1, 2] }, c: { n: 1, known: [3] }, d: { n: 0, known: [] } },
    });

    const channels = await lookUpChannels(table, 'acme', lookup('a', 'b', 'c', 'd'));

    expect(idsOf(channels)).toEqual([1, 2, 3].map(idOf));
    expect(batches).toEqual([
      ['a', 'b', 'c', 'd'].map((value) => itemKey('id', value)),
      [1, 2, 3].map(channelKey),
    ]);
    expect(queries).toEqual([]);
  });

  test('reads no channel if no channel has one of the values', async () => {
    const { table, batches } = tableWith({ items: { a: { n: 0, known: [] } } });

    expect(await lookUpChannels(table, 'acme', lookup('a', 'b'))).toEqual([]);

    expect(batches).toEqual([['a', 'b'].map((value) => itemKey('id', value))]);
  });

  test('gets a channel once if it had one value when one item was read, and another one when the next was', async () => {
    const { table, batches } = tableWith({ items: { a: { n: 1, known: [1] }, b: { n: 2, known: [1, 2] } } });

    await lookUpChannels(table, 'acme', lookup('a', 'b'));

    expect(batches.at(-1)).toEqual([1, 2].map(channelKey));
  });

  test('gets only channels of the id range', async () => {
    const { table, batches } = tableWith({ items: { a: { n: 3, known: [5, 6, 7] } } });

    await lookUpChannels(table, 'acme', { ...lookup('a'), idRange: above(idOf(5), allIds) });

    expect(batches.at(-1)).toEqual([6, 7].map(channelKey));
  });

  test('also reads the index, over several pages, for a value that more channels have than its item names', async () => {
    const { table, queries, batches } = tableWith({
      items: { a: { n: 251, known: [250, 251] }, b: { n: 1, known: [300] } },
      indexed: { a: ordinals(251), b: [301] },
    });

    const channels = await lookUpChannels(table, 'acme', lookup('a', 'b'));

    // The item also names channels that the index does not have yet.
    expect(idsOf(channels)?.sort()).toEqual([...ordinals(252), 300].map(idOf));
    expect(batches.slice(1).flat()).toHaveLength(253);
    expect(queries).toHaveLength(3);
    expect(queries[0]).toMatchObject({
      TableName: 'channels',
      IndexName: 'byMetaId',
      KeyConditionExpression: 'pk = :pk AND metaIdKey = :key',
      ExpressionAttributeValues: { ':pk': 'NS#acme', ':key': metaKey('a') },
    });
  });

  test('reads the other index for the other key', async () => {
    const { table, queries } = tableWith({ items: { a: { n: 2, known: [1] } }, path: 'external_id' });

    await lookUpChannels(table, 'acme', { lookup: { path: 'external_id', values: ['a'] }, idRange: allIds });

    expect(queries).toMatchObject([
      { IndexName: 'byExternalId', KeyConditionExpression: 'pk = :pk AND externalIdKey = :key' },
    ]);
  });

  test.each([
    '',
    'null',
  ])('reads only the index for %j, which counts as no id and has no item', async (value) => {
    const { table, queries, batches } = tableWith({ indexed: { [value]: [1, 2] } });

    expect(idsOf(await lookUpChannels(table, 'acme', lookup(value)))).toEqual([1, 2].map(idOf));

    expect(batches).toEqual([[1, 2].map(channelKey)]);
    expect(queries).toHaveLength(1);
  });

  test('gets up to 1,000 channels one by one', async () => {
    const { table, queries } = tableWith({
      items: { a: { n: 1_000, known: ordinals(20) } },
      indexed: { a: ordinals(1_000) },
    });

    expect(await lookUpChannels(table, 'acme', lookup('a'))).toHaveLength(1_000);
    expect(queries.filter(({ IndexName }) => !IndexName)).toEqual([]);
  });

  test('reads the partition instead, and no index, if more than 1,000 channels have one of the values', async () => {
    const { table, queries, batches } = tableWith({
      items: { a: { n: 981, known: ordinals(20) }, b: { n: 20, known: ordinals(20) } },
    });

    expect(idsOf(await lookUpChannels(table, 'acme', lookup('a', 'b')))).toEqual([idOf(7)]);

    expect(batches).toHaveLength(1);
    expect(queries).toMatchObject([{ ConsistentRead: true }]);
    expect(queries[0]).not.toHaveProperty('IndexName');
  });

  test('reads the partition as soon as the index finds more than 1,000 channels that no item counts', async () => {
    const values = ['null', ...ordinals(99).map((each) => `${each}`)];
    const { table, queries, batches } = tableWith({
      items: Object.fromEntries(values.slice(1).map((value) => [value, { n: 2, known: [] }])),
      indexed: { null: ordinals(1_001) },
    });

    expect(idsOf(await lookUpChannels(table, 'acme', lookup(...values)))).toEqual([idOf(7)]);

    expect(batches).toHaveLength(1);
    // The first 8 values: 11 pages of the first one, and one of each other one. Then the partition.
    expect(queries).toHaveLength(11 + 7 + 1);
  });
});

describe('lookUpKnownChannels', () => {
  test('finds the channels if the items name all of them', async () => {
    const { table, queries } = tableWith({ items: { a: { n: 2, known: [1, 2] } } });

    expect(idsOf(await lookUpKnownChannels(table, 'acme', lookup('a', 'b')))).toEqual([1, 2].map(idOf));
    expect(queries).toEqual([]);
  });

  test.each<[string, Stored['items'], string[]]>([
    ['an item does not name all', { a: { n: 3, known: [1, 2] } }, ['a', 'b']],
    ['a value has no item because it counts as no id', {}, ['null']],
    [
      'there are more than 1,000',
      Object.fromEntries(ordinals(51).map((each) => [`${each}`, { n: 20, known: ordinals(20) }])),
      ordinals(51).map((each) => `${each}`),
    ],
  ])('finds nothing if %s', async (_, items, values) => {
    const { table, queries, batches } = tableWith({ items: items ?? {} });

    expect(await lookUpKnownChannels(table, 'acme', lookup(...values))).toBeUndefined();
    expect([queries, batches.flat().filter(({ pk }) => pk === 'NS#acme')]).toEqual([[], []]);
  });
});
