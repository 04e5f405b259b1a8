import { describe, expect, test } from '@jest/globals';
import { pendingIndex } from '../../lib/projections/read-pending-changes.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Query, Table } from '../../lib/dynamodb/table.ts';
import { countSmallerSide, countIndexRange, readUntil, readIndexRanges } from '../../lib/lists/read/index-queries.ts';
import type { IndexRange } from '../../lib/lists/plan/index-range.ts';
import { type Operation, operations } from '../../lib/manifest/operations.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import { idAt, seededAt } from '../support/seed.ts';

const idOf = (ordinal: number) => idAt(seededAt, ordinal);
const channel = (ordinal: number, fields: object = {}): Item => ({
  pk: 'NS#acme',
  sk: idOf(ordinal),
  __v: 0,
  ...fields,
});

/** A table that answers with these pages, each of which but the last says that there is more, at so many units each. */
const tableOf = (pages: Item[][], units = 1) => {
  const asked: Query[] = [];
  const table = {
    query: async (query: Query) => {
      const items = pages[asked.length] ?? [];
      asked.push(query);
      const lastKey = asked.length < pages.length ? { pk: 'NS#acme', sk: `page ${asked.length}` } : undefined;
      return { items: query.Select === 'COUNT' ? [] : items, count: items.length, lastKey, units };
    },
  };
  return { table: table as unknown as Table, asked };
};

const whole: IndexRange = { index: 'byName' };
const keyOf = ({ _id, __v }: { _id: string; __v: number }) => [_id, __v];

describe('a stretch of an index', () => {
  test.each<[IndexRange, string, object]>([
    [{ index: 'byName' }, '', {}],
    [{ index: 'byUpdatedAt', first: 5 }, ' AND updatedAt >= :first', { ':first': 5 }],
    [{ index: 'byName', last: 'b' }, ' AND nameKey <= :last', { ':last': 'b' }],
    [
      { index: 'byStatus', first: 'a', last: 'b' },
      ' AND statusKey BETWEEN :first AND :last',
      { ':first': 'a', ':last': 'b' },
    ],
  ])('is asked for in the namespace alone, between its bounds: %j', async (stretch, bounds, values) => {
    const { table, asked } = tableOf([[]]);
    await readIndexRanges(table, 'acme', [stretch]);
    expect(asked).toEqual([
      {
        IndexName: stretch.index,
        KeyConditionExpression: `pk = :pk${bounds}`,
        ExpressionAttributeValues: { ':pk': 'NS#acme', ...values },
        ScanIndexForward: true,
      },
    ]);
  });
});

test('lists may query each index that holds channels', () => {
  const { permissions } = operations.find(({ name }) => name === 'list-channels') as Operation;
  const holdChannels = channelsTable.indexes.filter(({ name }) => name !== pendingIndex);
  expect(permissions.indexes).toEqual({
    action: 'dynamodb:Query',
    names: holdChannels.map(({ name }) => name),
  });
});

describe('reading stretches', () => {
  test('goes on behind a page that is short, or empty', async () => {
    const { table } = tableOf([[channel(1)], [], [channel(2)]]);
    expect((await readIndexRanges(table, 'acme', [whole])).map(keyOf)).toEqual([
      [idOf(1), 0],
      [idOf(2), 0],
    ]);
  });

  test('gives the latest version of a channel that was met twice, as it moved while they were read', async () => {
    const { table } = tableOf([
      [channel(1, { __v: 4 }), channel(2, { __v: 1 })],
      [channel(2, { __v: 2 }), channel(1, { __v: 3 })],
    ]);
    expect((await readIndexRanges(table, 'acme', [whole])).map(keyOf)).toEqual([
      [idOf(1), 4],
      [idOf(2), 2],
    ]);
  });

  test('of many names asks for eight at a time', async () => {
    let [running, most] = [0, 0];
    const table = {
      query: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return { items: [], count: 0, lastKey: undefined, units: 0.5 };
      },
    };
    const hundred = Array.from({ length: 100 }, (_, index): IndexRange => ({ ...whole, first: `${index}` }));
    await readIndexRanges(table as unknown as Table, 'acme', hundred);
    expect(most).toBe(8);
  });
});

describe('the budget', () => {
  const five = (ordinal: number) => Array.from({ length: 5 }, (_, index) => [channel(ordinal + index)]);
  const reads = {
    reading: async (table: Table) => (await readIndexRanges(table, 'acme', [whole])).length,
    counting: (table: Table) => countIndexRange(table, 'acme', whole),
    'reading groups': async (table: Table) =>
      (await readUntil(table, 'acme', whole, false, 1, () => false)).length,
  };
  test.each(Object.entries(reads))('of %s is 1,024 units', async (_, read) => {
    expect(await read(tableOf(five(0), 1_024 / 5).table)).toBe(5);
    await expect(read(tableOf(five(0), 257).table)).rejects.toMatchObject({ code: 'query_too_broad' });
  });

  test('is one for all names together', async () => {
    const names = Array.from({ length: 5 }, (_, index): IndexRange => ({ ...whole, first: `${index}` }));
    const tableAt = (units: number) =>
      ({ query: async () => ({ items: [], count: 0, lastKey: undefined, units }) }) as unknown as Table;
    expect(await readIndexRanges(tableAt(1_024 / 5), 'acme', names)).toEqual([]);
    await expect(readIndexRanges(tableAt(257), 'acme', names)).rejects.toMatchObject({
      code: 'query_too_broad',
    });
  });

  test.each<[IndexRange['index'], RegExp]>([
    ['byName', /narrow it by "from__id" and "to__id"/],
    ['byStatus', /narrow it by "from__id" and "to__id"/],
    ['byUpdatedAt', /narrow it by a later "from_updatedAt"/],
  ])('once spent on %s, is said with what would narrow the query', async (index, message) => {
    await expect(countIndexRange(tableOf([[]], 1_025).table, 'acme', { index })).rejects.toMatchObject({
      code: 'query_too_broad',
      message: expect.stringMatching(message),
    });
  });

  test('counts without reading', async () => {
    const { table, asked } = tableOf([[channel(1)], [channel(2)]]);
    expect(await countIndexRange(table, 'acme', whole)).toBe(2);
    expect(asked.map(({ Select }) => Select)).toEqual(['COUNT', 'COUNT']);
  });
});

describe('counting what was updated after a time, or the rest', () => {
  const [later, rest]: IndexRange[] = [
    { index: 'byUpdatedAt', first: 6 },
    { index: 'byUpdatedAt', last: 5 },
  ];
  /** An index with so many pages of one channel on either side of the time, at so many units each. */
  const indexOf = (pages: { later: number; rest: number }, units = 1) => {
    const asked: string[] = [];
    const query = async ({ ExpressionAttributeValues, ExclusiveStartKey }: Query) => {
      const side = ExpressionAttributeValues?.[':first'] === undefined ? 'rest' : 'later';
      asked.push(side);
      const page = Number(ExclusiveStartKey?.sk ?? 0) + 1;
      const lastKey = page < pages[side] ? { pk: 'NS#acme', sk: `${page}` } : undefined;
      return { items: [], count: 1, lastKey, units };
    };
    const total = async () => pages.later + pages.rest;
    const count = () =>
      countSmallerSide({ query } as unknown as Table, 'acme', later as IndexRange, rest as IndexRange, total);
    return { count, asked };
  };

  test('reads one page where that is all', async () => {
    const { count, asked } = indexOf({ later: 1, rest: 1_000_000 });
    expect([await count(), asked]).toEqual([1, ['later']]);
  });

  test.each([
    [{ later: 3, rest: 1_000_000 }, 3, ['later', 'rest', 'later', 'rest', 'later']],
    [{ later: 1_000_000, rest: 2 }, 1_000_000, ['later', 'rest', 'later', 'rest']],
  ])('reads as many pages as the smaller has, of each: %j', async (pages, counted, read) => {
    const { count, asked } = indexOf(pages);
    expect([await count(), asked]).toEqual([counted, read]);
  });

  test('is refused where both are beyond the budget', async () => {
    const { count } = indexOf({ later: 10, rest: 10 }, 128);
    await expect(count()).rejects.toMatchObject({
      code: 'query_too_broad',
      message: expect.stringMatching('sorted by "-updatedAt"'),
    });
    expect(await indexOf({ later: 9, rest: 10 }, 128).count()).toBe(9);
  });
});

describe('reading groups', () => {
  test('stops at what is enough, and asks for twice as many each time', async () => {
    const { table, asked } = tableOf([[channel(1)], [], [channel(2)], [channel(3)]]);
    const read = await readUntil(table, 'acme', whole, true, 5, (found) => found.length === 2);
    expect(read.map(keyOf)).toEqual([
      [idOf(1), 0],
      [idOf(2), 0],
    ]);
    expect(
      asked.map(({ Limit, ScanIndexForward, ExclusiveStartKey }) => [
        Limit,
        ScanIndexForward,
        ExclusiveStartKey?.sk,
      ]),
    ).toEqual([
      [5, false, undefined],
      [10, false, 'page 1'],
      [20, false, 'page 2'],
    ]);
  });

  test('ends where the stretch does, and has each channel once', async () => {
    const { table } = tableOf([[channel(1), channel(2)], [channel(1, { __v: 1 })]]);
    const read = await readUntil(table, 'acme', whole, false, 5, () => false);
    expect(read.map(keyOf)).toEqual([
      [idOf(1), 1],
      [idOf(2), 0],
    ]);
  });
});
