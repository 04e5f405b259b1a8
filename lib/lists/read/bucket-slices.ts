import { intersect, type IdRange } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { pagesForCount, readBucketCounts } from '../../projections/rank-index/bucket-counts.ts';
import type { ChannelTables } from '../../projections/channel-tables.ts';
import { countItems } from '../../dynamodb/pages.ts';
import { rangeAfterOffset } from './partition.ts';

/** Ids one behind the other, and how many channels the namespace has of them. */
export interface BucketSlice extends IdRange {
  count: number;
}

/**
 * How many channels a range holds, and where: by blocks, so that it costs the same wherever the range begins. Where it
 * has a part of a block only, that part is counted.
 * @throws ApiError as `takeCensus` does; `unavailable` also where so many channels were created at once that the part of a
 * block passes the budget
 */
export const readBucketSlices = async (tables: ChannelTables, namespace: string, range: IdRange): Promise<BucketSlice[]> => {
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
 * What is left of surveyed ids behind the first so many channels, in the order of ids or against it; nothing where they
 * hold no more. Only the tract in which that begins is read, from its nearer end.
 */
export const rangeAfterFirst = async (
  { channels }: ChannelTables,
  namespace: string,
  slices: BucketSlice[],
  descending: boolean,
  offset: number,
): Promise<IdRange | undefined> => {
  let remaining = offset;
  const inOrder = descending ? slices.toReversed() : slices;
  for (const slice of inOrder) {
    if (remaining >= slice.count) {
      remaining -= slice.count;
      continue;
    }
    const rest = await rangeAfterOffset(channels, namespace, slice, slice.count, descending, remaining);
    const end = inOrder.at(-1) ?? slice;
    return descending ? { first: end.first, last: rest.last } : { first: rest.first, last: end.last };
  }
  return undefined;
};
