import type { Item } from './item.ts';
import type { Query, Table } from './table.ts';

/** Pages through a query. A page may be short or empty before the end: only a missing key means the end. */
export async function* pages(table: Table, query: Query) {
  let from: Query['ExclusiveStartKey'];
  do {
    const page = await table.query({ ...query, ExclusiveStartKey: from });
    yield page;
    from = page.lastKey;
  } while (from);
}

/** Reads the first items of a query, at most `limit`. */
export const readFirst = async (table: Table, query: Query, limit: number): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const page of pages(table, { ...query, Limit: limit })) {
    items.push(...page.items);
    if (items.length >= limit) break;
  }
  return items.slice(0, limit);
};

/**
 * Counts the items of a query.
 * @param read gives the pages to count: all of them, or only those within a budget
 * @throws the errors of `read`
 */
export const countItems = async (table: Table, query: Query, read: typeof pages = pages): Promise<number> => {
  let count = 0;
  for await (const page of read(table, { ...query, Select: 'COUNT' })) count += page.count;
  return count;
};

/** Skips `count` items of a query without reading them. @returns the key of the last one, or nothing if there are fewer */
export const skip = async (
  table: Table,
  query: Query,
  count: number,
): Promise<Query['ExclusiveStartKey']> => {
  let left = count;
  let from: Query['ExclusiveStartKey'];
  do {
    const page = await table.query({ ...query, Select: 'COUNT', Limit: left, ExclusiveStartKey: from });
    left -= page.count;
    from = page.lastKey;
  } while (left > 0 && from);
  return from;
};
