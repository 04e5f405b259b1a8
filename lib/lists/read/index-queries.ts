import type { Channel } from '../../channels/channel.ts';
import { fromItem } from '../../channels/items.ts';
import { partitionOf } from '../../channels/keys.ts';
import { pages, skip } from '../../dynamodb/pages.ts';
import type { Query, QueryPage, Table } from '../../dynamodb/table.ts';
import { channelsTable } from '../../manifest/tables.ts';
import { queryTooBroad } from '../../read-budget.ts';
import type { IndexRange, SortedIndex } from '../plan/index-range.ts';

/**
 * The read units that one list may consume on an index: as many as 4 MB of the partition cost. Reads of an index are
 * eventually consistent and cost half as much, so this is enough for 8 MB, or about 21,000 channels of 289 bytes.
 */
const maxReadUnits = 1_024;

/**
 * The maximum number of queries that run at once for a filter by many names. Each may exceed the budget a little before
 * the excess is noticed.
 */
const concurrency = 8;

export const sortKeyOf = (index: string): string =>
  channelsTable.indexes.find(({ name }) => name === index)?.sortKey ?? '';

/** A query for a range of an index. An index may lag behind the table, usually by well under a second. */
const rangeQuery = (namespace: string, { index, first, last }: IndexRange, descending = false): Query => {
  const key = sortKeyOf(index);
  let bounds = '';
  if (first !== undefined && last !== undefined) bounds = ` AND ${key} BETWEEN :first AND :last`;
  else if (first !== undefined) bounds = ` AND ${key} >= :first`;
  else if (last !== undefined) bounds = ` AND ${key} <= :last`;
  return {
    IndexName: index,
    KeyConditionExpression: `pk = :pk${bounds}`,
    ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
    ScanIndexForward: !descending,
  };
};

/** An id range narrows a query by name or by status, but not a query by time. */
const howToNarrow: Partial<Record<SortedIndex, string>> = {
  byUpdatedAt:
    'by a later "from_updatedAt", or read the list sorted by "-updatedAt", as far back as you need',
};

/** Makes a function that consumes the budget of a list. It throws ApiError `query_too_broad` when the budget is used up. */
const readBudget = (index: SortedIndex | undefined) => {
  let left = maxReadUnits;
  return ({ units }: QueryPage): void => {
    left -= units;
    if (left < 0) throw queryTooBroad(index && howToNarrow[index]);
  };
};

/** The latest version of each channel. The index returns a channel twice if it changes while the index is read. */
const latest = (channels: Channel[]): Channel[] => {
  const byId = new Map<string, Channel>();
  for (const channel of channels) {
    const other = byId.get(channel._id);
    if (!other || other.__v < channel.__v) byId.set(channel._id, channel);
  }
  return [...byId.values()];
};

/** Reads all channels of several ranges of one index, in no order. @throws ApiError `query_too_broad` beyond the budget */
export const readIndexRanges = async (
  table: Table,
  namespace: string,
  ranges: IndexRange[],
): Promise<Channel[]> => {
  const consume = readBudget(ranges[0]?.index);
  const read = async (range: IndexRange): Promise<Channel[]> => {
    const channels: Channel[] = [];
    for await (const page of pages(table, rangeQuery(namespace, range))) {
      channels.push(...page.items.map(fromItem));
      consume(page);
    }
    return channels;
  };
  const channels: Channel[] = [];
  for (let start = 0; start < ranges.length; start += concurrency)
    channels.push(...(await Promise.all(ranges.slice(start, start + concurrency).map(read))).flat());
  return latest(channels);
};

/** Counts the channels of a range. @throws ApiError `query_too_broad` beyond the budget */
export const countIndexRange = async (
  table: Table,
  namespace: string,
  range: IndexRange,
): Promise<number> => {
  const consume = readBudget(range.index);
  let count = 0;
  for await (const page of pages(table, { ...rangeQuery(namespace, range), Select: 'COUNT' })) {
    count += page.count;
    consume(page);
  }
  return count;
};

/**
 * Counts the channels of `range`. An index consists of `range` and `rest`. This counts both, one page of each in turn,
 * until one of them ends. If `rest` ends first, its count is subtracted from the total.
 * @param readTotal reads how many channels the index holds
 * @throws ApiError `query_too_broad` if both ranges exceed the budget
 */
export const countSmallerSide = async (
  table: Table,
  namespace: string,
  range: IndexRange,
  rest: IndexRange,
  readTotal: () => Promise<number>,
): Promise<number> => {
  const consume = readBudget(range.index);
  const countPages = (part: IndexRange) => pages(table, { ...rangeQuery(namespace, part), Select: 'COUNT' });
  const restPages = countPages(rest);
  let [count, restCount] = [0, 0];
  for await (const page of countPages(range)) {
    count += page.count;
    if (!page.lastKey) break;
    consume(page);
    const { value: restPage } = await restPages.next();
    restCount += restPage?.count ?? 0;
    if (!restPage?.lastKey) return (await readTotal()) - restCount;
  }
  return count;
};

/**
 * Reads channels of a range from its beginning (its end, if descending), until `isEnough` holds or the range ends.
 * @param limit how many the first query asks for
 * @throws ApiError `query_too_broad` if the budget ends earlier
 */
export const readUntil = async (
  table: Table,
  namespace: string,
  range: IndexRange,
  descending: boolean,
  limit: number,
  isEnough: (read: Channel[]) => boolean,
): Promise<Channel[]> => {
  const consume = readBudget(range.index);
  const query = rangeQuery(namespace, range, descending);
  let read: Channel[] = [];
  let from: Query['ExclusiveStartKey'];
  // Usually one query is enough. If many channels share a key, doubling the limit keeps the number of queries small.
  for (let Limit = limit; ; Limit *= 2) {
    const page = await table.query({ ...query, Limit, ExclusiveStartKey: from });
    read = latest([...read, ...page.items.map(fromItem)]);
    from = page.lastKey;
    if (!from || isEnough(read)) return read;
    consume(page);
  }
};

/** Skips channels of a range. @returns the last one that was skipped, or undefined if the range has no more channels */
export const skipInRange = async (
  table: Table,
  namespace: string,
  range: IndexRange,
  descending: boolean,
  count: number,
): Promise<{ id: string; key: string | number } | undefined> => {
  const last = await skip(table, rangeQuery(namespace, range, descending), count);
  return last && { id: last.sk as string, key: last[sortKeyOf(range.index)] as string | number };
};
