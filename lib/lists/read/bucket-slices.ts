import { type IdRange, intersect } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { countItems } from '../../dynamodb/pages.ts';
import type { ChannelTables } from '../../projections/open-tables.ts';
import { pagesForCount, readBucketCounts } from '../../projections/rank-index/read-bucket-counts.ts';
import { rangeAfterOffset } from './partition.ts';

/** A whole bucket or a part of one: an id range, and how many channels the namespace has in it. */
export interface BucketSlice extends IdRange {
  count: number;
}

/**
 * Counts the channels of an id range, bucket by bucket, so that the cost does not depend on where the range begins. If
 * the range contains only a part of a bucket, the channels of that part are counted one by one.
 * @throws ApiError as `readBucketCounts`; `unavailable` also if so many channels were created at once that the part of
 * a bucket exceeds the read budget
 */
export const readBucketSlices = async (
  tables: ChannelTables,
  namespace: string,
  range: IdRange,
): Promise<BucketSlice[]> => {
  const buckets = await readBucketCounts(tables, namespace, range);
  return Promise.all(
    buckets.map(async ({ first, last, count }) => {
      const part = intersect({ first, last }, range);
      if (part.first === first && part.last === last) return { first, last, count };
      return {
        ...part,
        count: await countItems(tables.channels, channelsIn(namespace, part), pagesForCount(count)),
      };
    }),
  );
};

export const countAll = (slices: BucketSlice[]): number => slices.reduce((sum, { count }) => sum + count, 0);

/**
 * The rest of the slices after their first `offset` channels, in ascending or descending order. Only the slice in which
 * the rest begins is read, from its nearer end.
 * @returns undefined if there are not more channels than `offset`
 */
export const rangeAfterFirst = async (
  { channels }: ChannelTables,
  namespace: string,
  slices: BucketSlice[],
  descending: boolean,
  offset: number,
): Promise<IdRange | undefined> => {
  let remaining = offset;
  const ordered = descending ? slices.toReversed() : slices;
  for (const slice of ordered) {
    if (remaining >= slice.count) {
      remaining -= slice.count;
      continue;
    }
    const rest = await rangeAfterOffset(channels, namespace, slice, slice.count, descending, remaining);
    const end = ordered.at(-1) ?? slice;
    return descending ? { first: end.first, last: rest.last } : { first: rest.first, last: end.last };
  }
  return undefined;
};
