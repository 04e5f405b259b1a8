import type { Channel } from '../../channels/channel.ts';
import type { IdRange } from '../../channels/id-range.ts';
import { bucketSize } from '../../projections/rank-index/count-bucket.ts';
import { rangeBeyond } from '../plan/id-bounds.ts';
import { type Page, isCursor, pageAtCursor, pageAtOffset, type PageRequest } from './paginate.ts';
import { rangeAfterOffset, readChannels, readFirstPage } from './partition.ts';
import type { Plan } from '../plan/plan.ts';
import { rangeAfterFirst, countAll, readBucketSlices } from './bucket-slices.ts';
import { readTotal } from '../totals.ts';

/** Reads a page of a list in the order of ids, or against it. */
export const scanPartition = async (
  request: PageRequest,
  { range, descending, total }: Extract<Plan, { read: 'walk' }>,
): Promise<Page> => {
  const { channels: table, namespace, start, perPage } = request;
  const most = perPage + 1;
  const read = (part: IdRange, downwards = descending): Promise<Channel[]> =>
    readChannels(table, namespace, part, downwards, most);
  const readTotal = async () =>
    total === 'counters' ? readTotal(request) : countAll(await readBucketSlices(request, namespace, range));

  if (isCursor(start)) {
    const part = rangeBeyond(start, descending, start.backward ? 'before' : 'behind', range);
    const [channels, count] = await Promise.all([read(part, descending !== start.backward), readTotal()]);
    return pageAtCursor(channels, perPage, start, count);
  }

  const { offset } = start;
  if (offset === 0 && total === 'counters' && !descending) {
    const first = await readFirstPage(table, namespace, most);
    return pageAtOffset(first.channels, perPage, offset, first.total);
  }
  if (offset <= bucketSize) {
    // So few are passed over at less than the blocks cost to read.
    const readPage = async () =>
      read(await rangeAfterOffset(table, namespace, range, Number.POSITIVE_INFINITY, descending, offset));
    const [channels, count] = await Promise.all([readPage(), readTotal()]);
    return pageAtOffset(channels, perPage, offset, count);
  }
  const slices = await readBucketSlices(request, namespace, range);
  const rest = await rangeAfterFirst(request, namespace, slices, descending, offset);
  return pageAtOffset(rest ? await read(rest) : [], perPage, offset, countAll(slices));
};
