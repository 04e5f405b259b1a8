import type { Channel } from '../../channels/channel.ts';
import { above, below, type IdRange, isEmpty, noIds } from '../../channels/id-range.ts';
import { counterShards, fromItem, isCounter, sumCounters, type Totals } from '../../channels/items.ts';
import { channelsIn, sortKeyBounds as itemRange, itemsBetween, keys } from '../../channels/keys.ts';
import { pagesWithinBudget, readFirst, skip } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';

/** The first channels of a range, in the order of their ids or against it. */
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

/** All channels of a range. @throws ApiError `query_too_broad` beyond the budget. */
export const readAllChannels = async (
  table: Table,
  namespace: string,
  range: IdRange,
): Promise<Channel[]> => {
  const channels: Channel[] = [];
  for await (const page of pagesWithinBudget(table, channelsIn(namespace, range)))
    channels.push(...page.items.map(fromItem));
  return channels;
};

/**
 * What is left of a range behind its first channels, in the order of ids or against it, when it holds `count` of them and
 * more than are to be passed over. It is found from whichever end is nearer.
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

/** How many channels a namespace has, of each status. */
export const readTotals = async (table: Table, namespace: string): Promise<Totals> => {
  const query = itemsBetween(namespace, itemRange.beforeCounters, itemRange.beforeChannels);
  return sumCounters(await readFirst(table, query, counterShards));
};

/** The first channels of a namespace together with how many it has, in one call: the counters stand right before them. */
export const readFirstPage = async (
  table: Table,
  namespace: string,
  limit: number,
): Promise<{ channels: Channel[]; total: number }> => {
  const query = itemsBetween(namespace, itemRange.beforeCounters, itemRange.afterChannels);
  const items = await readFirst(table, query, counterShards + limit);
  const { enabled, disabled } = sumCounters(items.filter(isCounter));
  const channels = items.filter((item) => !isCounter(item)).map(fromItem);
  return { channels: channels.slice(0, limit), total: enabled + disabled };
};

/** The channels that bear one of these ids, in no order. */
export const readByIds = async (table: Table, namespace: string, ids: string[]): Promise<Channel[]> =>
  (await table.batchGet(ids.map((id) => keys.channel(namespace, id)))).map(fromItem);
