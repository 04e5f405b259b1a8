import { describe, expect, test } from '@jest/globals';
import type { Item } from '../../lib/dynamodb/item.ts';
import { readHits } from '../../lib/lists/read/read-hits.ts';
import { mockTable } from '../support/mock-table.ts';
import { idAt, seededAt } from '../support/seed.ts';

const idOf = (ordinal: number) => idAt(seededAt, ordinal);

/** This many hits, in no order, with ids from 10 on. */
const hits = (count: number): string[] => [
  ...Array.from({ length: count - 1 }, (_, index) => idOf(11 + index)),
  idOf(10),
];

/** The channel that a query of the partition finds on each page. */
const inPartition: Item = { pk: 'NS#acme', sk: idOf(10) };
const counter: Item = { pk: 'NS#acme', sk: '!count#0', disabled: 1 };

/** A table of a namespace whose counters say `total`, and whose partition fills a number of result pages of 1 MB. */
const tableWith = (total: number, pageCount = 1) => {
  let page = 0;
  const { table, queries, batches } = mockTable(({ ExpressionAttributeValues }) => {
    if (ExpressionAttributeValues?.[':first'] === '!') return { items: [{ ...counter, enabled: total - 1 }] };
    page++;
    return { items: [inPartition], lastKey: page < pageCount ? { ...inPartition, page } : undefined };
  });
  const counterQuery = {
    TableName: 'channels',
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':pk': 'NS#acme', ':first': '!', ':last': '0' },
    ConsistentRead: true,
    Limit: 8,
    ReturnConsumedCapacity: 'TOTAL',
  };
  /** A query of the partition between two ids. */
  const partitionQuery = (first: string, last: string) => ({
    TableName: 'channels',
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':pk': 'NS#acme', ':first': first, ':last': last },
    ConsistentRead: true,
    ReturnConsumedCapacity: 'TOTAL',
  });
  /** What was read, without the positions of later result pages. */
  const reads = () => ({
    queries: queries.map(({ ExclusiveStartKey, ...query }) => query),
    oneByOne: batches.flat().length,
  });
  return { table, reads, counterQuery, partitionQuery };
};

const idsOf = (channels: { _id: string }[]) => channels.map(({ _id }) => _id);

describe('the hits of a search', () => {
  test('are read one by one if there are at most 250, without a query', async () => {
    const { table, reads } = tableWith(250);

    expect(idsOf(await readHits(table, 'acme', hits(250)))).toEqual(hits(250));

    expect(reads()).toEqual({ queries: [], oneByOne: 250 });
  });

  test.each([
    { count: 251, total: 2_511 },
    { count: 1_000, total: 10_001 },
  ])('are read one by one if the namespace has more than ten times as many channels: $count of $total', async ({
    count,
    total,
  }) => {
    const { table, reads, counterQuery } = tableWith(total);

    expect(idsOf(await readHits(table, 'acme', hits(count)))).toEqual(hits(count));

    expect(reads()).toEqual({ queries: [counterQuery], oneByOne: count });
  });

  test.each([
    { count: 251, total: 2_510 },
    { count: 1_000, total: 10_000 },
  ])('are read with the partition between the lowest and the highest hit if that costs no more: $count of $total', async ({
    count,
    total,
  }) => {
    const { table, reads, counterQuery, partitionQuery } = tableWith(total, 4);

    expect(idsOf(await readHits(table, 'acme', hits(count)))).toEqual(Array(4).fill(idOf(10)));

    const query = partitionQuery(idOf(10), idOf(9 + count));
    expect(reads()).toEqual({ queries: [counterQuery, query, query, query, query], oneByOne: 0 });
  });

  test('are read with the partition if there are more than 1,000, however many channels the namespace has', async () => {
    const { table, reads, partitionQuery } = tableWith(100_000);

    expect(idsOf(await readHits(table, 'acme', hits(1_001)))).toEqual([idOf(10)]);

    expect(reads()).toEqual({ queries: [partitionQuery(idOf(10), idOf(1_010))], oneByOne: 0 });
  });

  test('are too many if there are more than 1,000 and the partition between them exceeds 4 MB', async () => {
    const { table, reads, partitionQuery } = tableWith(100_000, 5);

    await expect(readHits(table, 'acme', hits(1_001))).rejects.toMatchObject({
      code: 'query_too_broad',
      message:
        'This query would read too many channels: narrow it by a longer word in "search", or by "from__id" and "to__id".',
    });

    const query = partitionQuery(idOf(10), idOf(1_010));
    expect(reads()).toEqual({ queries: [query, query, query, query], oneByOne: 0 });
  });

  test('are read one by one after all if there are at most 1,000 and their channels are larger than expected', async () => {
    const { table, reads, counterQuery, partitionQuery } = tableWith(2_000, 5);

    expect(idsOf(await readHits(table, 'acme', hits(1_000)))).toEqual(hits(1_000));

    const query = partitionQuery(idOf(10), idOf(1_009));
    expect(reads()).toEqual({ queries: [counterQuery, query, query, query, query], oneByOne: 1_000 });
  });

  test('are not read one by one if the partition cannot be read at all', async () => {
    const { table } = mockTable(({ ExpressionAttributeValues }) => {
      if (ExpressionAttributeValues?.[':first'] === '!') return { items: [counter] };
      throw new Error('the table is gone');
    });

    await expect(readHits(table, 'acme', hits(251))).rejects.toThrow('the table is gone');
  });
});
