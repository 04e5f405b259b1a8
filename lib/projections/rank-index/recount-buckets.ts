import { above, type IdRange, isEmpty } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { readPendingChanges } from '../../channels/pending-change.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { pages } from '../../dynamodb/pages.ts';
import { ApiError } from '../../errors.ts';
import { readBucket, replaceBucket, stillPending } from './bucket-store.ts';
import { type CountBucket, bucketSize, linkTo, appliedWhere } from './count-bucket.ts';
import type { ChannelTables } from '../channel-tables.ts';

/**
 * The ids that a block counts, in their order, some at a time. Marks are read behind the channels that they stand beside: a
 * channel that was created meanwhile has one by then. Whoever settles one meanwhile changes the block's version, on which
 * depends whatever is written by this.
 */
async function* readCountedIds(
  { channels }: ChannelTables,
  namespace: string,
  { first, last, appliedIds }: CountBucket,
  pageSize?: number,
): AsyncGenerator<string[]> {
  const query = { ...channelsIn(namespace, { first, last }), ProjectionExpression: 'sk', Limit: pageSize };
  let remaining: IdRange = { first, last };
  for await (const { items, lastKey } of pages(channels, query)) {
    const end = (lastKey?.sk as string | undefined) ?? last;
    const pendingChanges = await readPendingChanges(channels, namespace, { first: remaining.first, last: end }, pages);
    const pendingIds = new Set(pendingChanges.map(({ id }) => id));
    const counted = pendingChanges.filter((pendingChange) => appliedIds[pendingChange.id] ?? pendingChange.isCounted).map(({ id }) => id);
    const unmarked = items.map(({ sk }) => sk as string).filter((id) => !pendingIds.has(id));
    yield [...counted, ...unmarked].sort();
    remaining = above(end, remaining);
    if (isEmpty(remaining)) return;
  }
}

/**
 * Takes a full block out of an id's block that counts twice as many, reading no more than that: behind what a block counts
 * there may be any number of channels that it doesn't know yet. What it takes out is believed when it comes out the same
 * twice, since a channel may be seen a moment before its mark. Where others change the block with every try, it stays as it
 * is until it is next added to.
 */
export const splitBucket = async (tables: ChannelTables, namespace: string, id: string): Promise<void> => {
  let previous: string | undefined;
  for await (const _ of attempts(tables.projections.signal)) {
    const bucket = await readBucket(tables, namespace, id);
    const ids: string[] = [];
    for await (const some of readCountedIds(tables, namespace, bucket, 2 * bucketSize)) {
      ids.push(...some);
      if (ids.length > bucketSize) break;
    }
    const boundary = ids[bucketSize];
    if (bucket.count < 2 * bucketSize || boundary === undefined) return;
    const found = ids.slice(0, bucketSize + 1).join();
    const isConfirmed = found === previous;
    previous = found;
    if (!isConfirmed) continue;
    const { appliedIds } = bucket;
    const parts = [
      {
        ...bucket,
        count: bucketSize,
        settled: appliedWhere(appliedIds, (other) => other < boundary),
        link: linkTo(boundary),
      },
      {
        ...bucket,
        first: boundary,
        count: bucket.count - bucketSize,
        settled: appliedWhere(appliedIds, (other) => other >= boundary),
      },
    ];
    if (await replaceBucket(tables, namespace, bucket, parts)) return;
  }
};

/** Blocks that one transaction writes at most; the last of them takes all that is left. */
const maxBuckets = 99;

const chunk = (ids: string[]): string[][] => {
  const parts: string[][] = [ids.slice(0, bucketSize)];
  for (let start = bucketSize; start < ids.length; start += bucketSize)
    parts.push(ids.slice(start, parts.length === maxBuckets - 1 ? ids.length : start + bucketSize));
  return parts.slice(0, maxBuckets);
};

/** What takes the place of a block that counts these channels: full blocks, of which the first begins where it does. */
const bucketsOf = (bucket: CountBucket, appliedIds: CountBucket['appliedIds'], ids: string[]): CountBucket[] => {
  const parts = chunk(ids);
  const firstOf = (index: number) => (index === 0 ? bucket.first : (parts[index]?.[0] as string));
  return parts.map((part, index) => {
    const next = index + 1 < parts.length ? firstOf(index + 1) : undefined;
    const isHere = (id: string) => (index === 0 || firstOf(index) <= id) && (next === undefined || id < next);
    return {
      ...bucket,
      first: firstOf(index),
      highest: part.at(-1) ?? bucket.first,
      count: part.length,
      settled: appliedWhere(appliedIds, isHere),
      ...(next !== undefined && { link: linkTo(next) }),
    };
  });
};

/**
 * Counts the channels of an id's block anew, and divides it into full ones. What 99 blocks don't hold stays in the last.
 * Where the count is another than the block's, it is believed when it comes out the same twice: a channel may be seen a
 * moment before its mark.
 * @returns whether the count was wrong, or the block too large
 * @throws ApiError `conflict` where it changed with every try.
 */
export const recountBucket = async (tables: ChannelTables, namespace: string, id: string): Promise<boolean> => {
  let previous: string | undefined;
  for await (const _ of attempts(tables.projections.signal)) {
    const bucket = await readBucket(tables, namespace, id);
    const ids: string[] = [];
    for await (const some of readCountedIds(tables, namespace, bucket)) ids.push(...some);
    const appliedIds = await stillPending(tables, namespace, bucket.appliedIds);
    const isUpToDate = Object.keys(appliedIds).length === Object.keys(bucket.appliedIds).length;
    const isRight = ids.length === bucket.count && ids.length <= bucketSize;
    if (isRight && isUpToDate) return false;
    const isConfirmed = ids.length === bucket.count || ids.join() === previous;
    previous = ids.join();
    if (isConfirmed && (await replaceBucket(tables, namespace, bucket, bucketsOf(bucket, appliedIds, ids))))
      return !isRight;
  }
  throw new ApiError('conflict', 'The channels are changing too fast to be counted: try again in a moment.');
};
