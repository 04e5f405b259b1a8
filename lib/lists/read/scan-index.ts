import type { Channel } from '../../channels/channel.ts';
import type { Cursor } from '../cursor.ts';
import { type IndexRange, indexKeyAt, rangeFrom, updatedUntil } from '../plan/index-range.ts';
import { isAfter, sortChannels, sortValuesOf } from '../plan/order.ts';
import type { Plan } from '../plan/plan.ts';
import { countIndexRange, countSmallerSide, readUntil, skipInRange } from './index-queries.ts';
import { isCursor, type Page, type PageRequest, pageAtCursor, pageAtOffset } from './paginate.ts';
import { readCounters } from './partition.ts';

type ScanPlan = Extract<Plan, { read: 'scanIndex' }>;

/**
 * Reads channels from the beginning of a range (its end, if descending): the excluded ones, a page and one more, and
 * all that share the key of the last one. These are needed because an index has no defined order among equal keys.
 * @param countExcluded counts the channels that are read but do not belong to the page
 */
const readPage = async (
  { channels: table, namespace, order, filter, perPage }: PageRequest,
  range: IndexRange,
  descending: boolean,
  countExcluded: (read: Channel[]) => number,
): Promise<Channel[]> => {
  const limit = perPage + 1;
  const keyOf = (channel: Channel | undefined) =>
    channel && indexKeyAt(range.index, sortValuesOf(channel, order), order, filter);
  const isEnough = (read: Channel[]) => {
    const wanted = countExcluded(read) + limit;
    return read.length > wanted && keyOf(read[wanted - 1]) !== keyOf(read.at(-1));
  };
  // Two more: the channel of the cursor comes first, and a channel after the others shows that no more share the last
  // key.
  return readUntil(table, namespace, range, descending, limit + 2, isEnough);
};

/** Reads the channels next to a cursor, on the side of the page, nearest first. */
const readAtCursor = async (
  request: PageRequest,
  { indexRange, descending }: ScanPlan,
  cursor: Cursor,
): Promise<Channel[]> => {
  const { order, filter } = request;
  const isOnSide = (channel: Channel) =>
    isAfter(sortValuesOf(channel, order), cursor, order) !== cursor.backward;
  const downwards = descending !== cursor.backward;
  const key = indexKeyAt(indexRange.index, cursor.sortValues, order, filter);
  const countExcluded = (read: Channel[]) => read.filter((channel) => !isOnSide(channel)).length;
  const read = await readPage(request, rangeFrom(key, indexRange, downwards), downwards, countExcluded);
  const rows = sortChannels(read.filter(isOnSide), order).map(({ channel }) => channel);
  return cursor.backward ? rows.reverse() : rows;
};

const readAtOffset = async (
  request: PageRequest,
  { indexRange, descending }: ScanPlan,
  offset: number,
): Promise<Channel[]> => {
  const { channels: table, namespace, order } = request;
  const last = offset > 0 ? await skipInRange(table, namespace, indexRange, descending, offset) : undefined;
  if (offset > 0 && !last) return [];
  const range = last ? rangeFrom(last.key, indexRange, descending) : indexRange;
  // Several channels may share the key of the last skipped channel. Some of them were skipped, the others were not.
  const countSkipped = (read: Channel[]) => read.findIndex(({ _id }) => _id === last?.id) + 1;
  const read = await readPage(request, range, descending, countSkipped);
  return sortChannels(read, order)
    .map(({ channel }) => channel)
    .slice(countSkipped(read));
};

const readTotal = (request: PageRequest, { indexRange, total }: ScanPlan): Promise<number> => {
  const { channels: table, namespace, filter } = request;
  const fromCounters = () => readCounters(table, namespace, filter.disabled);
  switch (total) {
    case 'counters':
      return fromCounters();
    case 'count':
      return countIndexRange(table, namespace, indexRange);
    case 'countSmallerSide': {
      const rest = updatedUntil(filter.updatedAfter as number);
      return countSmallerSide(table, namespace, indexRange, rest, fromCounters);
    }
  }
};

/** Reads a page of a list that has the order of an index. */
export const scanIndex = async (request: PageRequest, plan: ScanPlan): Promise<Page> => {
  const { start, perPage } = request;
  const [read, total] = await Promise.all([
    isCursor(start) ? readAtCursor(request, plan, start) : readAtOffset(request, plan, start.offset),
    readTotal(request, plan),
  ]);
  return isCursor(start)
    ? pageAtCursor(read, perPage, start, total)
    : pageAtOffset(read, perPage, start.offset, total);
};
