import type { Channel } from '../../channels/channel.ts';
import type { Cursor } from '../cursor.ts';
import { countSmallerSide, countIndexRange, readUntil, skipInRange } from './index-queries.ts';
import { isBehind, sortValuesOf, sortChannels } from '../plan/order.ts';
import { type Page, isCursor, pageAtCursor, pageAtOffset, type PageRequest } from './paginate.ts';
import type { Plan } from '../plan/plan.ts';
import { indexKeyAt, rangeFrom, type IndexRange, updatedUntil } from '../plan/index-range.ts';
import { readTotal } from '../totals.ts';

type ScanPlan = Extract<Plan, { read: 'walkIndex' }>;

/**
 * Channels from the beginning of a stretch, in the order of the list or against it: those that `leftOut` counts, as many
 * more as a page takes and one, and all that share the key of the last, since an index promises no order among equal
 * keys.
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
  // The channel that a gap is told by stands first, and one behind the page tells that no other shares the last key.
  return readUntil(table, namespace, range, descending, limit + 2, isEnough);
};

/** The channels next to a gap, on the side to read, nearest first. */
const readBeside = async (
  request: PageRequest,
  { stretch: range, descending }: ScanPlan,
  cursor: Cursor,
): Promise<Channel[]> => {
  const { order, filter } = request;
  const isBeside = (channel: Channel) => isBehind(sortValuesOf(channel, order), cursor, order) !== cursor.backward;
  const against = descending !== cursor.backward;
  const from = rangeFrom(indexKeyAt(range.index, cursor.sortValues, order, filter), range, against);
  const countExcluded = (read: Channel[]) => read.filter((channel) => !isBeside(channel)).length;
  const read = await readPage(request, from, against, countExcluded);
  const rows = sortChannels(read.filter(isBeside), order).map(({ channel }) => channel);
  return cursor.backward ? rows.reverse() : rows;
};

const readAtOffset = async (
  request: PageRequest,
  { stretch: range, descending }: ScanPlan,
  offset: number,
): Promise<Channel[]> => {
  const { channels: table, namespace, order } = request;
  const last = offset > 0 ? await skipInRange(table, namespace, range, descending, offset) : undefined;
  if (offset > 0 && !last) return [];
  const from = last ? rangeFrom(last.key, range, descending) : range;
  // Of those that share the last key that was passed over, some were and some were not.
  const passed = (read: Channel[]) => read.findIndex(({ _id }) => _id === last?.id) + 1;
  const read = await readPage(request, from, descending, passed);
  return sortChannels(read, order)
    .map(({ channel }) => channel)
    .slice(passed(read));
};

const readTotal = (request: PageRequest, { stretch: range, total }: ScanPlan): Promise<number> => {
  const { channels: table, namespace, filter } = request;
  switch (total) {
    case 'counters':
      return readTotal(request);
    case 'count':
      return countIndexRange(table, namespace, range);
    case 'countEither': {
      const rest = updatedUntil(filter.updatedAfter as number);
      return countSmallerSide(table, namespace, range, rest, () => readTotal(request));
    }
  }
};

/** Reads a page of a list that an index is in the order of. */
export const scanIndex = async (request: PageRequest, plan: ScanPlan): Promise<Page> => {
  const { start, perPage } = request;
  const [read, total] = await Promise.all([
    isCursor(start) ? readBeside(request, plan, start) : readAtOffset(request, plan, start.offset),
    readTotal(request, plan),
  ]);
  return isCursor(start)
    ? pageAtCursor(read, perPage, start, total)
    : pageAtOffset(read, perPage, start.offset, total);
};
