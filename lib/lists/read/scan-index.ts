import type { Channel } from '../../channels/channel.ts';
import type { Cursor } from '../cursor.ts';
import { countEither, countStretch, readGroups, skipAlong } from './index-queries.ts';
import { isBehind, positionOf, sortChannels } from '../plan/order.ts';
import { type Found, isGap, pageAtGap, pageAtOffset, type Reading } from './paginate.ts';
import type { Plan } from '../plan/plan.ts';
import { keyAt, onwardsFrom, type Stretch, updatedUntil } from '../plan/index-range.ts';
import { readFromCounters } from '../totals.ts';

type WalkPlan = Extract<Plan, { read: 'walkIndex' }>;

/**
 * Channels from the beginning of a stretch, in the order of the list or against it: those that `leftOut` counts, as many
 * more as a page takes and one, and all that share the key of the last, since an index promises no order among equal
 * keys.
 */
const readPage = async (
  { channels: table, namespace, order, filter, perPage }: Reading,
  stretch: Stretch,
  descending: boolean,
  leftOut: (read: Channel[]) => number,
): Promise<Channel[]> => {
  const most = perPage + 1;
  const keyOf = (channel: Channel | undefined) =>
    channel && keyAt(stretch.index, positionOf(channel, order), order, filter);
  const isEnough = (read: Channel[]) => {
    const wanted = leftOut(read) + most;
    return read.length > wanted && keyOf(read[wanted - 1]) !== keyOf(read.at(-1));
  };
  // The channel that a gap is told by stands first, and one behind the page tells that no other shares the last key.
  return readGroups(table, namespace, stretch, descending, most + 2, isEnough);
};

/** The channels next to a gap, on the side to read, nearest first. */
const readBeside = async (
  reading: Reading,
  { stretch, descending }: WalkPlan,
  gap: Cursor,
): Promise<Channel[]> => {
  const { order, filter } = reading;
  const isBeside = (channel: Channel) => isBehind(positionOf(channel, order), gap, order) !== gap.backward;
  const against = descending !== gap.backward;
  const from = onwardsFrom(keyAt(stretch.index, gap.position, order, filter), stretch, against);
  const leftOut = (read: Channel[]) => read.filter((channel) => !isBeside(channel)).length;
  const read = await readPage(reading, from, against, leftOut);
  const rows = sortChannels(read.filter(isBeside), order).map(({ channel }) => channel);
  return gap.backward ? rows.reverse() : rows;
};

const readAtOffset = async (
  reading: Reading,
  { stretch, descending }: WalkPlan,
  offset: number,
): Promise<Channel[]> => {
  const { channels: table, namespace, order } = reading;
  const last = offset > 0 ? await skipAlong(table, namespace, stretch, descending, offset) : undefined;
  if (offset > 0 && !last) return [];
  const from = last ? onwardsFrom(last.key, stretch, descending) : stretch;
  // Of those that share the last key that was passed over, some were and some were not.
  const passed = (read: Channel[]) => read.findIndex(({ _id }) => _id === last?.id) + 1;
  const read = await readPage(reading, from, descending, passed);
  return sortChannels(read, order)
    .map(({ channel }) => channel)
    .slice(passed(read));
};

const readTotal = (reading: Reading, { stretch, total }: WalkPlan): Promise<number> => {
  const { channels: table, namespace, filter } = reading;
  switch (total) {
    case 'counters':
      return readFromCounters(reading);
    case 'count':
      return countStretch(table, namespace, stretch);
    case 'countEither': {
      const rest = updatedUntil(filter.updatedAfter as number);
      return countEither(table, namespace, stretch, rest, () => readFromCounters(reading));
    }
  }
};

/** Reads a page of a list that an index is in the order of. */
export const walkIndex = async (reading: Reading, plan: WalkPlan): Promise<Found> => {
  const { place, perPage } = reading;
  const [read, total] = await Promise.all([
    isGap(place) ? readBeside(reading, plan, place) : readAtOffset(reading, plan, place.offset),
    readTotal(reading, plan),
  ]);
  return isGap(place)
    ? pageAtGap(read, perPage, place, total)
    : pageAtOffset(read, perPage, place.offset, total);
};
