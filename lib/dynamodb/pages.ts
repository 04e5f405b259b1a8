import { ApiError } from '../errors.ts';
import type { Item } from './item.ts';
import type { Query, Table } from './table.ts';

/**
 * Pages of 1 MB that one request may read beyond its own page: 4 MB are 1,024 read units, and about 10,700 channels of 289
 * bytes, which with their keys are 389. A partition gives 3,000 units a second.
 */
const budget = 4;

const byIds = 'by "from__id" and "to__id", or ask for the whole list in "_id" order and go on with "cursor"';

/** @param how what would narrow the query, for a person */
export const queryTooBroad = (how = byIds) =>
  new ApiError('query_too_broad', `This query would read too many channels: narrow it ${how}.`);

/** Pages through a query; a page may be short, or empty, before the end, so only the missing key tells the end. */
export async function* pages(table: Table, query: Query) {
  let from: Query['ExclusiveStartKey'];
  do {
    const page = await table.query({ ...query, ExclusiveStartKey: from });
    yield page;
    from = page.lastKey;
  } while (from);
}

/** The same, as far as one request may read. @throws ApiError beyond the budget, `query_too_broad` unless said otherwise. */
export async function* pagesWithinBudget(table: Table, query: Query, refusal: () => ApiError = queryTooBroad) {
  let left = budget;
  for await (const page of pages(table, query)) {
    yield page;
    if (page.lastKey && --left === 0) throw refusal();
  }
}

/** The first items of a query, at most so many. */
export const readFirst = async (table: Table, query: Query, most: number): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const page of pages(table, { ...query, Limit: most })) {
    items.push(...page.items);
    if (items.length >= most) break;
  }
  return items.slice(0, most);
};

/**
 * How many items a query finds.
 * @param read the pages to count in: as many as there are, or those within the budget
 * @throws ApiError as `read` does
 */
export const countItems = async (
  table: Table,
  query: Query,
  read: typeof pages = pagesWithinBudget,
): Promise<number> => {
  let count = 0;
  for await (const page of read(table, { ...query, Select: 'COUNT' })) count += page.count;
  return count;
};

/** Passes over so many items of a query, without reading them: the key of the last, or nothing where they are fewer. */
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
