import type { Channel } from '../../channels/channel.ts';
import type { IdRange } from '../../channels/id-range.ts';
import { blockSize } from '../../projections/rank-index/count-bucket.ts';
import { besideGap } from '../plan/id-bounds.ts';
import { type Found, isGap, pageAtGap, pageAtOffset, type Reading } from './paginate.ts';
import { narrowBehind, readChannels, readFirstChannels } from './partition.ts';
import type { Plan } from '../plan/plan.ts';
import { behindFirst, sumOf, survey } from './bucket-slices.ts';
import { readFromCounters } from '../totals.ts';

/** Reads a page of a list in the order of ids, or against it. */
export const walkPartition = async (
  reading: Reading,
  { range, descending, total }: Extract<Plan, { read: 'walk' }>,
): Promise<Found> => {
  const { channels: table, namespace, place, perPage } = reading;
  const most = perPage + 1;
  const read = (part: IdRange, downwards = descending): Promise<Channel[]> =>
    readChannels(table, namespace, part, downwards, most);
  const readTotal = async () =>
    total === 'counters' ? readFromCounters(reading) : sumOf(await survey(reading, namespace, range));

  if (isGap(place)) {
    const part = besideGap(place, descending, place.backward ? 'before' : 'behind', range);
    const [channels, count] = await Promise.all([read(part, descending !== place.backward), readTotal()]);
    return pageAtGap(channels, perPage, place, count);
  }

  const { offset } = place;
  if (offset === 0 && total === 'counters' && !descending) {
    const first = await readFirstChannels(table, namespace, most);
    return pageAtOffset(first.channels, perPage, offset, first.total);
  }
  if (offset <= blockSize) {
    // So few are passed over at less than the blocks cost to read.
    const readPage = async () =>
      read(await narrowBehind(table, namespace, range, Number.POSITIVE_INFINITY, descending, offset));
    const [channels, count] = await Promise.all([readPage(), readTotal()]);
    return pageAtOffset(channels, perPage, offset, count);
  }
  const tracts = await survey(reading, namespace, range);
  const rest = await behindFirst(reading, namespace, tracts, descending, offset);
  return pageAtOffset(rest ? await read(rest) : [], perPage, offset, sumOf(tracts));
};
