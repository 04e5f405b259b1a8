import { describe, expect, test } from '@jest/globals';
import { isEmpty } from '../../lib/channels/id-range.ts';
import { channelsIn } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { countItems } from '../../lib/dynamodb/pages.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import {
  rangeAfterOffset,
  readAllChannels,
  readByIds,
  readChannels,
  readCounters,
  readFirstPage,
} from '../../lib/lists/read/partition.ts';
import { pagesWithinBudget } from '../../lib/read-budget.ts';
import { mockTableWithPages } from '../support/mock-table.ts';
import { idAt, seededAt } from '../support/seed.ts';

const idOf = (ordinal: number) => idAt(seededAt, ordinal);
const everyId = { first: '0'.repeat(24), last: 'f'.repeat(24) };
const noId = { first: 'f'.repeat(24), last: '0'.repeat(24) };

const channels = (from: number, to: number): Item[] =>
  Array.from({ length: to - from }, (_, index) => ({ pk: 'NS#acme', sk: idOf(from + index) }));
const counter = (shard: number, enabled: number, disabled: number): Item => ({
  pk: 'NS#acme',
  sk: `!count#${shard}`,
  enabled,
  disabled,
});

/** A table that answers queries with these pages in turn. */
const tableWith = (...pages: Item[][]) => mockTableWithPages(pages);

const idsOf = (read: { _id: string }[]) => read.map(({ _id }) => _id);

describe('readChannels', () => {
  test('reads the partition of the namespace, strongly consistent', async () => {
    const { table, queries } = tableWith([]);
    await readChannels(table, 'acme', { first: idOf(1), last: idOf(5) }, true, 3);
    expect(queries).toEqual([
      {
        TableName: 'channels',
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ExpressionAttributeValues: { ':pk': 'NS#acme', ':first': idOf(1), ':last': idOf(5) },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 3,
        ReturnConsumedCapacity: 'TOTAL',
      },
    ]);
  });

  test('goes on after a page that is short or empty, until it has read enough', async () => {
    const { table, queries } = tableWith(channels(0, 2), [], channels(2, 5), channels(5, 6));
    expect(idsOf(await readChannels(table, 'acme', everyId, false, 4))).toEqual([0, 1, 2, 3].map(idOf));
    expect(queries.map(({ ExclusiveStartKey }) => ExclusiveStartKey?.sk)).toEqual([
      undefined,
      idOf(1),
      'page 2',
    ]);
  });

  test('sends no query for an empty range, because DynamoDB would refuse it', async () => {
    const { table, queries } = tableWith(channels(0, 1));
    expect(await readChannels(table, 'acme', noId, false, 4)).toEqual([]);
    expect(queries).toEqual([]);
  });
});

test('readByIds reads the channels with these ids', async () => {
  const { table, batches } = tableWith();

  const read = await readByIds(table, 'acme', [idOf(1), idOf(2)]);

  expect(read).toEqual([{ _id: idOf(1) }, { _id: idOf(2) }]);
  expect(batches).toEqual([channels(1, 3)]);
});

describe('the read budget', () => {
  const reads = {
    readAllChannels: async (table: Table) => (await readAllChannels(table, 'acme', everyId)).length,
    countItems: (table: Table) => countItems(table, channelsIn('acme', everyId), pagesWithinBudget),
  };
  test.each(Object.entries(reads))('of %s is 4 pages', async (_, read) => {
    const { table, queries } = tableWith(channels(0, 2), channels(2, 3), [], channels(3, 4));
    expect(await read(table)).toBe(4);
    expect(queries).toHaveLength(4);
  });

  test.each(
    Object.entries(reads),
  )('of %s is exceeded by a fifth page, which is not read', async (_, read) => {
    const { table, queries } = tableWith(channels(0, 1), channels(1, 2), channels(2, 3), channels(3, 4), []);
    await expect(read(table)).rejects.toMatchObject({ code: 'query_too_broad' });
    expect(queries).toHaveLength(4);
  });

  test('is not needed to count, which reads no channels', async () => {
    const { table, queries } = tableWith(channels(0, 1));
    await countItems(table, channelsIn('acme', everyId));
    expect(queries[0]?.Select).toBe('COUNT');
  });
});

describe('the totals', () => {
  const eight = Array.from({ length: 8 }, (_, shard) => counter(shard, shard + 1, 1));

  test('are the sums of the counters, for each status', async () => {
    const total = (disabled?: boolean) =>
      readCounters(tableWith(eight.slice(0, 3), eight.slice(3)).table, 'acme', disabled);
    expect([await total(), await total(false), await total(true)]).toEqual([44, 36, 8]);
  });

  test('are 0 without counters, and for the part that a counter lacks', async () => {
    const partial = [{ pk: 'NS#acme', sk: '!count#3', enabled: 2 }];
    for (const disabled of [undefined, false, true]) {
      expect(await readCounters(tableWith([]).table, 'acme', disabled)).toBe(0);
      expect(await readCounters(tableWith(partial).table, 'acme', disabled)).toBe(disabled ? 0 : 2);
    }
  });

  test('are read in one call with the first channels, even if there are fewer counters', async () => {
    for (const counters of [[], eight.slice(0, 2), eight]) {
      const { table, queries } = tableWith([...counters, ...channels(0, 8 + 3 - counters.length)]);
      const first = await readFirstPage(table, 'acme', 3);
      expect(idsOf(first.channels)).toEqual([0, 1, 2].map(idOf));
      expect(first.total).toBe(counters.reduce((sum, { enabled }) => sum + (enabled as number) + 1, 0));
      expect(queries).toHaveLength(1);
      expect(queries[0]).toMatchObject({ Limit: 8 + 3, ConsistentRead: true });
    }
  });
});

describe('rangeAfterOffset', () => {
  const range = { first: idOf(0), last: idOf(9) };
  const rangeAfter = (table: Table, offset: number, descending = false, count = 9) =>
    rangeAfterOffset(table, 'acme', range, count, descending, offset);

  test('returns the whole range for the offset 0', async () => {
    expect(await rangeAfter(tableWith().table, 0)).toEqual(range);
  });

  test('counts up to the offset, over several pages', async () => {
    const { table, queries } = tableWith(channels(0, 2), [], channels(2, 4), channels(4, 9));
    expect(await rangeAfter(table, 4)).toEqual({ first: idOf(4), last: idOf(9) });
    expect(queries.map(({ Limit, Select, ScanIndexForward }) => [Limit, Select, ScanIndexForward])).toEqual([
      [4, 'COUNT', true],
      [2, 'COUNT', true],
      [2, 'COUNT', true],
    ]);
    expect(await rangeAfter(tableWith(channels(5, 9).reverse(), []).table, 4, true)).toEqual({
      first: idOf(0),
      last: idOf(4),
    });
  });

  test('counts from the other end if that is nearer', async () => {
    const { table, queries } = tableWith(channels(6, 9).reverse(), channels(0, 6).reverse());
    expect(await rangeAfter(table, 6)).toEqual({ first: idOf(6), last: idOf(9) });
    expect(queries.map(({ Limit, ScanIndexForward }) => [Limit, ScanIndexForward])).toEqual([[3, false]]);
    expect(await rangeAfter(tableWith(channels(0, 3), channels(3, 9)).table, 6, true)).toEqual({
      first: idOf(0),
      last: idOf(2),
    });
  });

  test('returns an empty range if there are fewer channels by now', async () => {
    expect(isEmpty(await rangeAfter(tableWith(channels(0, 2)).table, 4))).toBe(true);
    expect(await rangeAfter(tableWith(channels(0, 2)).table, 6)).toEqual(range);
  });
});
