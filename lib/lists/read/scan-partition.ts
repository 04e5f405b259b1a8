import type { Channel } from '../../channels/channel.ts';
import type { IdRange } from '../../channels/id-range.ts';
import { bucketSize } from '../../projections/rank-index/count-bucket.ts';
import { rangeBeyond } from '../plan/id-bounds.ts';
import type { Plan } from '../plan/plan.ts';
import { countAll, rangeAfterFirst, readBucketSlices } from './bucket-slices.ts';
import { isCursor, type Page, type PageRequest, pageAtCursor, pageAtOffset } from './paginate.ts';
import { rangeAfterOffset, readChannels, readCounters, readFirstPage } from './partition.ts';

/** Reads a page of a list in the order of ids, ascending or descending. */
export const scanPartition = async (
  request: PageRequest,
  { idRange, descending, total }: Extract<Plan, { read: 'scanPartition' }>,
): Promise<Page> => {
  const { channels: table, namespace, start, perPage } = request;
  const limit = perPage + 1;
  const read = (part: IdRange, downwards = descending): Promise<Channel[]> =>
    readChannels(table, namespace, part, downwards, limit);
  const readTotal = async () =>
    total === 'counters'
      ? readCounters(table, namespace, undefined)
      : countAll(await readBucketSlices(request, namespace, idRange));

  if (isCursor(start)) {
    const part = rangeBeyond(start, descending, start.backward ? 'before' : 'after', idRange);
    const [channels, count] = await Promise.all([read(part, descending !== start.backward), readTotal()]);
    return pageAtCursor(channels, perPage, start, count);
  }

  const { offset } = start;
  if (offset === 0 && total === 'counters' && !descending) {
    const first = await readFirstPage(table, namespace, limit);
    return pageAtOffset(first.channels, perPage, offset, first.total);
  }
  if (offset <= bucketSize) {
    // Skipping so few channels costs less than reading the buckets.
    const readPage = async () =>
      read(await rangeAfterOffset(table, namespace, idRange, Number.POSITIVE_INFINITY, descending, offset));
    const [channels, count] = await Promise.all([readPage(), readTotal()]);
    return pageAtOffset(channels, perPage, offset, count);
  }
  const slices = await readBucketSlices(request, namespace, idRange);
  const rest = await rangeAfterFirst(request, namespace, slices, descending, offset);
  return pageAtOffset(rest ? await read(rest) : [], perPage, offset, countAll(slices));
};
