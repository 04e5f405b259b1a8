import type { Channel } from '../../channels/channel.ts';
import { fromItem } from '../../channels/items.ts';
import { partitionOf } from '../../channels/keys.ts';
import { pages, skip, queryTooBroad } from '../../dynamodb/pages.ts';
import type { Query, QueryPage, Table } from '../../dynamodb/table.ts';
import { channelsTable } from '../../manifest/tables.ts';
import type { SortedIndex, IndexRange } from '../plan/index-range.ts';

/**
 * Read units that one list may spend on an index: as many as the 4 MB of the partition cost that a list may read. An
 * index costs half as much, since it may lag, so that these are 8 MB, about 21,000 channels of 289 bytes.
 */
const maxReadUnits = 1_024;

/** Queries of many names run at once, so many at a time: more would pass the budget by as much before it is noticed. */
const concurrency = 8;

export const sortKeyOf = (index: string): string =>
  channelsTable.indexes.find(({ name }) => name === index)?.sortKey ?? '';

/** A query along a stretch. An index may lag the table, by well under a second as a rule. */
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

/** Ids narrow what is read by name or by status, and not what is read by time. */
const howToNarrow: Partial<Record<SortedIndex, string>> = {
  byUpdatedAt:
    'by a later "from_updatedAt", or go through all, sorted by "-updatedAt", as far back as you need',
};

/** Counts what queries of an index consume. @throws ApiError `query_too_broad` where that is more than the budget. */
const readBudget = (index: SortedIndex | undefined) => {
  let left = maxReadUnits;
  return ({ units }: QueryPage): void => {
    left -= units;
    if (left < 0) throw queryTooBroad(index && howToNarrow[index]);
  };
};

/** One version of each channel, the latest: a channel that changes as an index is read may be met at two places. */
const latest = (channels: Channel[]): Channel[] => {
  const byId = new Map<string, Channel>();
  for (const channel of channels) {
    const other = byId.get(channel._id);
    if (!other || other.__v < channel.__v) byId.set(channel._id, channel);
  }
  return [...byId.values()];
};

/** All channels of several stretches of one index, in no order. @throws ApiError `query_too_broad` beyond the budget. */
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

/** How many channels are in a stretch. @throws ApiError `query_too_broad` beyond the budget. */
export const countIndexRange = async (table: Table, namespace: string, range: IndexRange): Promise<number> => {
  const consume = readBudget(range.index);
  let count = 0;
  for await (const page of pages(table, { ...rangeQuery(namespace, range), Select: 'COUNT' })) {
    count += page.count;
    consume(page);
  }
  return count;
};

/**
 * How many channels are in one of the two stretches of which an index consists. Both are counted, a page of each in turn,
 * until one ends; the other holds what is left of all.
 * @param readTotal how many the index holds
 * @throws ApiError `query_too_broad` where both are beyond the budget
 */
export const countSmallerSide = async (
  table: Table,
  namespace: string,
  range: IndexRange,
  rest: IndexRange,
  readTotal: () => Promise<number>,
): Promise<number> => {
  const consume = readBudget(range.index);
  const counting = (part: IndexRange) => pages(table, { ...rangeQuery(namespace, part), Select: 'COUNT' });
  const others = counting(rest);
  let [count, counted] = [0, 0];
  for await (const page of counting(range)) {
    count += page.count;
    if (!page.lastKey) break;
    consume(page);
    const { value: other } = await others.next();
    counted += other?.count ?? 0;
    if (!other?.lastKey) return (await readTotal()) - counted;
  }
  return count;
};

/**
 * Channels of a stretch, from its beginning in the direction in which it is read, until they are enough or it ends.
 * @param limit how many to ask for at first
 * @throws ApiError `query_too_broad` where the budget ends before
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
  // As a rule one query will do. Where many share a key, few queries more are better than few channels more.
  for (let Limit = limit; ; Limit *= 2) {
    const page = await table.query({ ...query, Limit, ExclusiveStartKey: from });
    read = latest([...read, ...page.items.map(fromItem)]);
    from = page.lastKey;
    if (!from || isEnough(read)) return read;
    consume(page);
  }
};

/** Passes over so many channels of a stretch: the key of the last of them, or nothing where there are no more. */
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
