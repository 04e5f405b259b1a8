import { describe, expect, test } from '@jest/globals';
import { isEmpty } from '../../lib/channels/id-range.ts';
import { channelsIn } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { countItems } from '../../lib/dynamodb/pages.ts';
import { pagesWithinBudget } from '../../lib/read-budget.ts';
import type { Query, Table } from '../../lib/dynamodb/table.ts';
import {
  rangeAfterOffset,
  readAllChannels,
  readByIds,
  readChannels,
  readCounters,
  readFirstPage,
} from '../../lib/lists/read/partition.ts';
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

/** A table that answers with these pages, each of which but the last says that there is more. */
const tableOf = (...pages: Item[][]) => {
  const asked: Query[] = [];
  const table = {
    query: async (query: Query) => {
      const items = pages[asked.length] ?? [];
      asked.push(query);
      const isLast = asked.length >= pages.length;
      const lastKey = isLast ? undefined : { pk: 'NS#acme', sk: items.at(-1)?.sk ?? idOf(0) };
      return { items: query.Select === 'COUNT' ? [] : items, count: items.length, lastKey };
    },
    batchGet: async (keys: Item[]) => keys,
  };
  return { table: table as unknown as Table, asked };
};

const idsOf = (read: { _id: string }[]) => read.map(({ _id }) => _id);

describe('what is read of a namespace', () => {
  test('is its own partition alone, as it is now', async () => {
    const { table, asked } = tableOf([]);
    await readChannels(table, 'acme', { first: idOf(1), last: idOf(5) }, true, 3);
    expect(asked).toEqual([
      {
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ExpressionAttributeValues: { ':pk': 'NS#acme', ':first': idOf(1), ':last': idOf(5) },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 3,
        ExclusiveStartKey: undefined,
      },
    ]);
  });

  test('goes on behind a page that is short, or empty, and ends with what was asked for', async () => {
    const { table, asked } = tableOf(channels(0, 2), [], channels(2, 5), channels(5, 6));
    expect(idsOf(await readChannels(table, 'acme', everyId, false, 4))).toEqual([0, 1, 2, 3].map(idOf));
    expect(asked.map(({ ExclusiveStartKey }) => ExclusiveStartKey?.sk)).toEqual([
      undefined,
      idOf(1),
      idOf(0),
    ]);
  });

  test('is nothing in an empty range, which DynamoDB would refuse', async () => {
    const { table, asked } = tableOf(channels(0, 1));
    expect(await readChannels(table, 'acme', noId, false, 4)).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('are the channels that are named', async () => {
    const read = await readByIds(tableOf().table, 'acme', [idOf(1), idOf(2)]);
    expect(read).toEqual([{ _id: idOf(1) }, { _id: idOf(2) }]);
  });
});

describe('the budget', () => {
  const reads = {
    'reading all': async (table: Table) => (await readAllChannels(table, 'acme', everyId)).length,
    counting: (table: Table) => countItems(table, channelsIn('acme', everyId), pagesWithinBudget),
  };
  test.each(Object.entries(reads))('of %s is 4 pages', async (_, read) => {
    const { table, asked } = tableOf(channels(0, 2), channels(2, 3), [], channels(3, 4));
    expect(await read(table)).toBe(4);
    expect(asked).toHaveLength(4);
  });

  test.each(Object.entries(reads))('of %s does not reach a fifth', async (_, read) => {
    const { table, asked } = tableOf(channels(0, 1), channels(1, 2), channels(2, 3), channels(3, 4), []);
    await expect(read(table)).rejects.toMatchObject({ code: 'query_too_broad' });
    expect(asked).toHaveLength(4);
  });

  test('counts without reading', async () => {
    const { table, asked } = tableOf(channels(0, 1));
    await countItems(table, channelsIn('acme', everyId));
    expect(asked[0]?.Select).toBe('COUNT');
  });
});

describe('totals', () => {
  const eight = Array.from({ length: 8 }, (_, shard) => counter(shard, shard + 1, 1));

  test('are summed over the counters, of each status', async () => {
    const total = (disabled?: boolean) =>
      readCounters(tableOf(eight.slice(0, 3), eight.slice(3)).table, 'acme', disabled);
    expect([await total(), await total(false), await total(true)]).toEqual([44, 36, 8]);
  });

  test('are 0 where there are no counters yet, nor a part of one', async () => {
    const part = [{ pk: 'NS#acme', sk: '!count#3', enabled: 2 }];
    for (const disabled of [undefined, false, true]) {
      expect(await readCounters(tableOf([]).table, 'acme', disabled)).toBe(0);
      expect(await readCounters(tableOf(part).table, 'acme', disabled)).toBe(disabled ? 0 : 2);
    }
  });

  test('come in one call with the first channels, however few counters there are', async () => {
    for (const counters of [[], eight.slice(0, 2), eight]) {
      const { table, asked } = tableOf([...counters, ...channels(0, 8 + 3 - counters.length)]);
      const first = await readFirstPage(table, 'acme', 3);
      expect(idsOf(first.channels)).toEqual([0, 1, 2].map(idOf));
      expect(first.total).toBe(counters.reduce((sum, { enabled }) => sum + (enabled as number) + 1, 0));
      expect(asked).toHaveLength(1);
      expect(asked[0]).toMatchObject({ Limit: 8 + 3, ConsistentRead: true });
    }
  });
});

describe('what is left behind the first channels of a range', () => {
  const range = { first: idOf(0), last: idOf(9) };
  const behind = (table: Table, offset: number, descending = false, count = 9) =>
    rangeAfterOffset(table, 'acme', range, count, descending, offset);

  test('is the whole range behind none of them', async () => {
    expect(await behind(tableOf().table, 0)).toEqual(range);
  });

  test('is found by counting up to them, over short pages', async () => {
    const { table, asked } = tableOf(channels(0, 2), [], channels(2, 4), channels(4, 9));
    expect(await behind(table, 4)).toEqual({ first: idOf(4), last: idOf(9) });
    expect(asked.map(({ Limit, Select, ScanIndexForward }) => [Limit, Select, ScanIndexForward])).toEqual([
      [4, 'COUNT', true],
      [2, 'COUNT', true],
      [2, 'COUNT', true],
    ]);
    expect(await behind(tableOf(channels(5, 9).reverse(), []).table, 4, true)).toEqual({
      first: idOf(0),
      last: idOf(4),
    });
  });

  test('is found from the other end where that is nearer', async () => {
    const { table, asked } = tableOf(channels(6, 9).reverse(), channels(0, 6).reverse());
    expect(await behind(table, 6)).toEqual({ first: idOf(6), last: idOf(9) });
    expect(asked.map(({ Limit, ScanIndexForward }) => [Limit, ScanIndexForward])).toEqual([[3, false]]);
    expect(await behind(tableOf(channels(0, 3), channels(3, 9)).table, 6, true)).toEqual({
      first: idOf(0),
      last: idOf(2),
    });
  });

  test('is nothing where they are fewer by now', async () => {
    expect(isEmpty(await behind(tableOf(channels(0, 2)).table, 4))).toBe(true);
    expect(await behind(tableOf(channels(0, 2)).table, 6)).toEqual(range);
  });
});
