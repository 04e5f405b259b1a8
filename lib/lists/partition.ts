import type { Channel } from '../channels/channel.ts';
import { type IdRange, isEmpty } from '../channels/id-range.ts';
import { counterShards, fromItem, isCounter, sumCounters, type Totals } from '../channels/items.ts';
import { range as itemRange, keys, partitionOf } from '../channels/keys.ts';
import { pagesWithinBudget, readFirst, skip } from '../dynamodb/pages.ts';
import type { Query, Table } from '../dynamodb/table.ts';

const within = (namespace: string, first: string, last: string): Query => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

/** The first channels of a range, in the order of their ids or against it. */
export const readChannels = async (
  table: Table,
  namespace: string,
  range: IdRange,
  descending: boolean,
  most: number,
): Promise<Channel[]> => {
  if (isEmpty(range)) return [];
  const query = { ...within(namespace, range.first, range.last), ScanIndexForward: !descending };
  return (await readFirst(table, query, most)).map(fromItem);
};

/** All channels of a range. @throws ApiError `query_too_broad` beyond the budget. */
export const readAllChannels = async (
  table: Table,
  namespace: string,
  range: IdRange,
): Promise<Channel[]> => {
  const channels: Channel[] = [];
  for await (const page of pagesWithinBudget(table, within(namespace, range.first, range.last)))
    channels.push(...page.items.map(fromItem));
  return channels;
};

/** How many channels are in a range. @throws ApiError `query_too_broad` beyond the budget. */
export const countChannels = async (table: Table, namespace: string, range: IdRange): Promise<number> => {
  const query: Query = { ...within(namespace, range.first, range.last), Select: 'COUNT' };
  let count = 0;
  for await (const page of pagesWithinBudget(table, query)) count += page.count;
  return count;
};

/** The id of the channel before which as many others stand in a range, so that a page can begin behind it. */
export const skipChannels = async (
  table: Table,
  namespace: string,
  range: IdRange,
  descending: boolean,
  offset: number,
): Promise<string | undefined> => {
  const query = { ...within(namespace, range.first, range.last), ScanIndexForward: !descending };
  return (await skip(table, query, offset))?.sk;
};

/** How many channels a namespace has, of each status. */
export const readTotals = async (table: Table, namespace: string): Promise<Totals> => {
  const query = within(namespace, itemRange.beforeCounters, itemRange.beforeChannels);
  return sumCounters(await readFirst(table, query, counterShards));
};

/** The first channels of a namespace together with how many it has, in one call: the counters stand right before them. */
export const readFirstChannels = async (
  table: Table,
  namespace: string,
  most: number,
): Promise<{ channels: Channel[]; total: number }> => {
  const query = within(namespace, itemRange.beforeCounters, itemRange.afterChannels);
  const items = await readFirst(table, query, counterShards + most);
  const { enabled, disabled } = sumCounters(items.filter(isCounter));
  const channels = items.filter((item) => !isCounter(item)).map(fromItem);
  return { channels: channels.slice(0, most), total: enabled + disabled };
};

/** The channels that bear one of these ids, in no order. */
export const readByIds = async (table: Table, namespace: string, ids: string[]): Promise<Channel[]> =>
  (await table.batchGet(ids.map((id) => keys.channel(namespace, id)))).map(fromItem);
