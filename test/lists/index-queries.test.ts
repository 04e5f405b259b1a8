import { describe, expect, test } from '@jest/globals';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import type { IndexRange } from '../../lib/lists/plan/index-range.ts';
import {
  countIndexRange,
  countSmallerSide,
  readIndexRanges,
  readUntil,
} from '../../lib/lists/read/index-queries.ts';
import { type Operation, operations } from '../../lib/manifest/operations.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import { pendingIndex } from '../../lib/projections/read-pending-changes.ts';
import { mockTable, mockTableWithPages } from '../support/mock-table.ts';
import { idAt, seededAt } from '../support/seed.ts';

const idOf = (ordinal: number) => idAt(seededAt, ordinal);
const channel = (ordinal: number, fields: object = {}): Item => ({
  pk: 'NS#acme',
  sk: idOf(ordinal),
  __v: 0,
  ...fields,
});

const wholeIndex: IndexRange = { index: 'byName' };
const versionOf = ({ _id, __v }: { _id: string; __v: number }) => [_id, __v];
const rangesOf = (count: number) =>
  Array.from({ length: count }, (_, index): IndexRange => ({ ...wholeIndex, first: `${index}` }));

describe('the query for an index range', () => {
  test.each<[IndexRange, string, object]>([
    [{ index: 'byName' }, '', {}],
    [{ index: 'byUpdatedAt', first: 5 }, ' AND updatedAt >= :first', { ':first': 5 }],
    [{ index: 'byName', last: 'b' }, ' AND nameKey <= :last', { ':last': 'b' }],
    [
      { index: 'byStatus', first: 'a', last: 'b' },
      ' AND statusKey BETWEEN :first AND :last',
      { ':first': 'a', ':last': 'b' },
    ],
  ])('names the namespace and the bounds: %j', async (range, bounds, values) => {
    const { table, queries } = mockTableWithPages([[]]);

    await readIndexRanges(table, 'acme', [range]);

    expect(queries).toEqual([
      {
        TableName: 'channels',
        IndexName: range.index,
        KeyConditionExpression: `pk = :pk${bounds}`,
        ExpressionAttributeValues: { ':pk': 'NS#acme', ...values },
        ScanIndexForward: true,
        ReturnConsumedCapacity: 'TOTAL',
      },
    ]);
  });
});

test('list-channels may query every index that contains channels', () => {
  const { permissions } = operations.find(({ name }) => name === 'list-channels') as Operation;

  const indexesOfChannels = channelsTable.indexes.filter(({ name }) => name !== pendingIndex);
  expect(permissions.indexes).toEqual({
    action: 'dynamodb:Query',
    names: indexesOfChannels.map(({ name }) => name),
  });
});

describe('readIndexRanges', () => {
  test('goes on after a page that is short or empty', async () => {
    const { table } = mockTableWithPages([[channel(1)], [], [channel(2)]]);

    const channels = await readIndexRanges(table, 'acme', [wholeIndex]);

    expect(channels.map(versionOf)).toEqual([
      [idOf(1), 0],
      [idOf(2), 0],
    ]);
  });

  test('returns the latest version of a channel that it reads twice, because it moved in the index meanwhile', async () => {
    const { table } = mockTableWithPages([
      [channel(1, { __v: 4 }), channel(2, { __v: 1 })],
      [channel(2, { __v: 2 }), channel(1, { __v: 3 })],
    ]);

    const channels = await readIndexRanges(table, 'acme', [wholeIndex]);

    expect(channels.map(versionOf)).toEqual([
      [idOf(1), 4],
      [idOf(2), 2],
    ]);
  });

  test('reads eight ranges at a time', async () => {
    let [running, maxRunning] = [0, 0];
    const { table } = mockTable(async () => {
      maxRunning = Math.max(maxRunning, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return { items: [] };
    });

    await readIndexRanges(table, 'acme', rangesOf(100));

    expect(maxRunning).toBe(8);
  });
});

describe('the read budget', () => {
  const fivePages = Array.from({ length: 5 }, (_, index) => [channel(index)]);
  const reads = {
    readIndexRanges: async (table: Table) => (await readIndexRanges(table, 'acme', [wholeIndex])).length,
    countIndexRange: (table: Table) => countIndexRange(table, 'acme', wholeIndex),
    readUntil: async (table: Table) =>
      (await readUntil(table, 'acme', wholeIndex, false, 1, () => false)).length,
  };

  test.each(Object.entries(reads))('of %s is 1,024 units', async (_, read) => {
    const withinBudget = mockTableWithPages(fivePages, 1_024 / 5);
    const beyondBudget = mockTableWithPages(fivePages, 257);

    expect(await read(withinBudget.table)).toBe(5);
    await expect(read(beyondBudget.table)).rejects.toMatchObject({ code: 'query_too_broad' });
  });

  test('is shared by all ranges of a list', async () => {
    const withinBudget = mockTable(() => ({ items: [], units: 1_024 / 5 }));
    const beyondBudget = mockTable(() => ({ items: [], units: 257 }));

    expect(await readIndexRanges(withinBudget.table, 'acme', rangesOf(5))).toEqual([]);
    await expect(readIndexRanges(beyondBudget.table, 'acme', rangesOf(5))).rejects.toMatchObject({
      code: 'query_too_broad',
    });
  });

  test.each<[IndexRange['index'], RegExp]>([
    ['byName', /narrow it by "from__id" and "to__id"/],
    ['byStatus', /narrow it by "from__id" and "to__id"/],
    ['byUpdatedAt', /narrow it by a later "from_updatedAt"/],
  ])('of %s is exceeded with a message that tells how to narrow the query', async (index, message) => {
    const { table } = mockTableWithPages([[]], 1_025);

    await expect(countIndexRange(table, 'acme', { index })).rejects.toMatchObject({
      code: 'query_too_broad',
      message: expect.stringMatching(message),
    });
  });
});

test('countIndexRange counts without reading the channels', async () => {
  const { table, queries } = mockTableWithPages([[channel(1)], [channel(2)]]);

  expect(await countIndexRange(table, 'acme', wholeIndex)).toBe(2);
  expect(queries.map(({ Select }) => Select)).toEqual(['COUNT', 'COUNT']);
});

describe('countSmallerSide', () => {
  const later: IndexRange = { index: 'byUpdatedAt', first: 6 };
  const rest: IndexRange = { index: 'byUpdatedAt', last: 5 };

  /** An index with this many pages of one channel on each side, which consume this many units each. */
  const indexWith = (pages: { later: number; rest: number }, units = 1) => {
    const sidesRead: string[] = [];
    const { table } = mockTable(({ ExpressionAttributeValues, ExclusiveStartKey }) => {
      const side = ExpressionAttributeValues?.[':first'] === undefined ? 'rest' : 'later';
      sidesRead.push(side);
      const page = Number(ExclusiveStartKey?.sk ?? 0) + 1;
      const lastKey = page < pages[side] ? { pk: 'NS#acme', sk: `${page}` } : undefined;
      return { items: [channel(1)], lastKey, units };
    });
    const readTotal = async () => pages.later + pages.rest;
    return { count: () => countSmallerSide(table, 'acme', later, rest, readTotal), sidesRead };
  };

  test('reads one page if the range has only one', async () => {
    const { count, sidesRead } = indexWith({ later: 1, rest: 1_000_000 });

    expect([await count(), sidesRead]).toEqual([1, ['later']]);
  });

  test.each([
    [{ later: 3, rest: 1_000_000 }, 3, ['later', 'rest', 'later', 'rest', 'later']],
    [{ later: 1_000_000, rest: 2 }, 1_000_000, ['later', 'rest', 'later', 'rest']],
  ])('reads as many pages of both sides as the smaller side has: %j', async (pages, expectedCount, expectedSides) => {
    const { count, sidesRead } = indexWith(pages);

    expect([await count(), sidesRead]).toEqual([expectedCount, expectedSides]);
  });

  test('throws query_too_broad only if both sides exceed the budget', async () => {
    const bothBeyond = indexWith({ later: 10, rest: 10 }, 128);
    const oneWithin = indexWith({ later: 9, rest: 10 }, 128);

    await expect(bothBeyond.count()).rejects.toMatchObject({
      code: 'query_too_broad',
      message: expect.stringMatching('sorted by "-updatedAt"'),
    });
    expect(await oneWithin.count()).toBe(9);
  });
});

describe('readUntil', () => {
  test('stops once it has read enough, and doubles the limit with each query', async () => {
    const { table, queries } = mockTableWithPages([[channel(1)], [], [channel(2)], [channel(3)]]);

    const channels = await readUntil(table, 'acme', wholeIndex, true, 5, (read) => read.length === 2);

    expect(channels.map(versionOf)).toEqual([
      [idOf(1), 0],
      [idOf(2), 0],
    ]);
    expect(
      queries.map(({ Limit, ScanIndexForward, ExclusiveStartKey }) => [
        Limit,
        ScanIndexForward,
        ExclusiveStartKey?.sk,
      ]),
    ).toEqual([
      [5, false, undefined],
      [10, false, idOf(1)],
      [20, false, 'page 2'],
    ]);
  });

  test('stops at the end of the range, and returns each channel once', async () => {
    const { table } = mockTableWithPages([[channel(1), channel(2)], [channel(1, { __v: 1 })]]);

    const channels = await readUntil(table, 'acme', wholeIndex, false, 5, () => false);

    expect(channels.map(versionOf)).toEqual([
      [idOf(1), 1],
      [idOf(2), 0],
    ]);
  });
});
