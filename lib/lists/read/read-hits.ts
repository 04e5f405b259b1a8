import type { Channel } from '../../channels/channel.ts';
import type { Table } from '../../dynamodb/table.ts';
import { isQueryTooBroad, queryTooBroad } from '../../read-budget.ts';
import { maxReadByIds, readAllChannels, readByIds, readCounters } from './partition.ts';

/** Up to this many hits, the total is not asked for: to read them one by one takes at most a quarter of the read budget. */
const maxHitsWithoutTotal = 250;

/** How many channels of 289 bytes (389 bytes with their keys) one read unit reads from the partition. */
const channelsPerUnit = 10;

/** The error for a search with other filters or another order that exceeds the read budget. */
export const searchTooBroad = () =>
  queryTooBroad('by a longer word in "search", or by "from__id" and "to__id"');

/**
 * Reads the channels that a search has found, strongly consistent, in the cheaper of two ways:
 * - one by one: 1 read unit for each;
 * - the partition from the lowest to the highest hit, within the read budget. The result then also contains channels
 *   that are no hits. The total of the namespace tells whether this is cheaper.
 *
 * Up to 1,000 hits are always read. If the channels are so large that the partition exceeds the budget, they are read
 * one by one after it.
 * @param ids the hits
 * @throws ApiError `query_too_broad` for more hits, if the partition between them exceeds the read budget
 */
export const readHits = async (table: Table, namespace: string, ids: string[]): Promise<Channel[]> => {
  const readOneByOne = () => readByIds(table, namespace, ids);
  if (ids.length <= maxHitsWithoutTotal) return readOneByOne();
  const mayReadOneByOne = ids.length <= maxReadByIds;
  if (mayReadOneByOne) {
    const total = await readCounters(table, namespace, undefined);
    if (ids.length < total / channelsPerUnit) return readOneByOne();
  }
  const sorted = ids.toSorted();
  const range = { first: sorted[0] as string, last: sorted.at(-1) as string };
  try {
    return await readAllChannels(table, namespace, range, searchTooBroad);
  } catch (error) {
    if (mayReadOneByOne && isQueryTooBroad(error)) return readOneByOne();
    throw error;
  }
};
