import type { ApiError } from '../../api-error.ts';
import type { Channel } from '../../channels/channel.ts';
import { above, below, type IdRange, isEmpty, noIds } from '../../channels/id-range.ts';
import { counterShards, fromItem, isCounter, sumCounters } from '../../channels/items.ts';
import { channelsIn, countersOf, itemsBetween, keys, sortKeyBounds } from '../../channels/keys.ts';
import { readFirst, skip } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';
import { pagesWithinBudget } from '../../read-budget.ts';

/** Reads the first channels of an id range, in ascending or descending order. */
export const readChannels = async (
  table: Table,
  namespace: string,
  range: IdRange,
  descending: boolean,
  limit: number,
): Promise<Channel[]> => {
  if (isEmpty(range)) return [];
  const query = { ...channelsIn(namespace, range), ScanIndexForward: !descending };
  return (await readFirst(table, query, limit)).map(fromItem);
};

/**
 * Reads all channels of an id range.
 * @param tooMuch makes the error for a range that exceeds the read budget
 * @throws ApiError `query_too_broad` beyond the read budget
 */
export const readAllChannels = async (
  table: Table,
  namespace: string,
  range: IdRange,
  tooMuch?: () => ApiError,
): Promise<Channel[]> => {
  const channels: Channel[] = [];
  for await (const page of pagesWithinBudget(table, channelsIn(namespace, range), tooMuch))
    channels.push(...page.items.map(fromItem));
  return channels;
};

/**
 * The rest of an id range after its first `offset` channels, in ascending or descending order. It is found from the
 * nearer end.
 * @param count how many channels the range holds; more than `offset`
 */
export const rangeAfterOffset = async (
  table: Table,
  namespace: string,
  range: IdRange,
  count: number,
  descending: boolean,
  offset: number,
): Promise<IdRange> => {
  if (offset === 0) return range;
  const query = channelsIn(namespace, range);
  if (offset <= count / 2) {
    const last = await skip(table, { ...query, ScanIndexForward: !descending }, offset);
    if (!last) return noIds;
    return descending ? below(last.sk as string, range) : above(last.sk as string, range);
  }
  const first = await skip(table, { ...query, ScanIndexForward: descending }, count - offset);
  if (!first) return range;
  return descending ? { ...range, last: first.sk as string } : { ...range, first: first.sk as string };
};

/**
 * Reads the number of channels of a namespace from its counters.
 * @param disabled counts only the channels of this status
 */
export const readCounters = async (
  table: Table,
  namespace: string,
  disabled: boolean | undefined,
): Promise<number> => {
  const totals = sumCounters(await readFirst(table, countersOf(namespace), counterShards));
  if (disabled === undefined) return totals.enabled + totals.disabled;
  return disabled ? totals.disabled : totals.enabled;
};

/** Reads the first channels of a namespace and its total in one call, because the counters stand directly before them. */
export const readFirstPage = async (
  table: Table,
  namespace: string,
  limit: number,
): Promise<{ channels: Channel[]; total: number }> => {
  const query = itemsBetween(namespace, sortKeyBounds.beforeCounters, sortKeyBounds.afterChannels);
  const items = await readFirst(table, query, counterShards + limit);
  const { enabled, disabled } = sumCounters(items.filter(isCounter));
  const channels = items.filter((item) => !isCounter(item)).map(fromItem);
  return { channels: channels.slice(0, limit), total: enabled + disabled };
};

/** Reading this many channels one by one costs 1,000 read units: about the read budget of a list. */
export const maxReadByIds = 1_000;

/** Reads the channels with these ids one by one, in no order. */
export const readByIds = async (table: Table, namespace: string, ids: string[]): Promise<Channel[]> =>
  (await table.batchGet(ids.map((id) => keys.channel(namespace, id)))).map(fromItem);
