import { ApiError } from '../../api-error.ts';
import { allIds, below, type IdRange, includes, intersect, isEmpty } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import type { PendingChange } from '../../channels/pending-change.ts';
import type { Item } from '../../dynamodb/item.ts';
import { countItems, pages } from '../../dynamodb/pages.ts';
import { again, retry } from '../../dynamodb/retry.ts';
import type { Table } from '../../dynamodb/table.ts';
import { pagesOfPendingChanges, pagesWithinBudget } from '../../read-budget.ts';
import type { ChannelTables } from '../open-tables.ts';
import { readPendingChanges } from '../read-pending-changes.ts';
import { findBucket, findNextBucket } from './bucket-store.ts';
import { areLinked, bucketSize, bucketsStartingIn, type CountBucket, toBuckets } from './count-bucket.ts';

/** Whole buckets, from the one in which a range begins to the one in which it ends. */
interface BucketSpan extends IdRange {
  /** The bucket after the last one, as it was before the others were read. */
  next: Item | undefined;
}

const spanOf = async (
  projections: Table,
  namespace: string,
  { first, last }: IdRange,
): Promise<BucketSpan> => {
  const start = first === allIds.first ? undefined : await findBucket(projections, namespace, first);
  const next = await findNextBucket(projections, namespace, last);
  return {
    first: (start?.sk as string | undefined) ?? allIds.first,
    last: next ? below(next.sk as string, allIds).last : allIds.last,
    next,
  };
};

/** Reads the buckets of a span. @returns undefined if they were not read in one consistent state */
const readBuckets = async (
  projections: Table,
  namespace: string,
  span: BucketSpan,
): Promise<CountBucket[] | undefined> => {
  const items: Item[] = [];
  for await (const page of pagesWithinBudget(projections, bucketsStartingIn(namespace, span)))
    items.push(...page.items);
  const buckets = toBuckets(span.next ? [...items, span.next] : items);
  // The bucket in which the range begins may have been merged into the one before it.
  if (buckets[0]?.first !== span.first || !areLinked(buckets)) return undefined;
  if (span.next) return buckets.slice(0, -1);
  return buckets.at(-1)?.link === undefined ? buckets : undefined;
};

/**
 * The number that a pending change adds to the count of its bucket: 1, 0 or -1. If the bucket has applied an earlier
 * state, its `appliedIds` replace `isCounted`.
 */
const countDifference = ({ id, targetText, isCounted }: PendingChange, { appliedIds }: CountBucket) =>
  Number(targetText !== undefined) - Number(appliedIds[id] ?? isCounted);

/** Up to this many channels may be counted one by one at any cost. A bucket that counts this many is split. */
const alwaysCountable = 2 * bucketSize;

/**
 * Makes the function that pages through this many channels to count them. More than a bucket counts must fit the read
 * budget.
 */
export const pagesForCount = (count: number): typeof pages =>
  count > alwaysCountable ? pagesOfPendingChanges : pages;

/** The count of one bucket, given the pending changes that were read before and after it. */
const countOf = async (
  { channels }: ChannelTables,
  namespace: string,
  bucket: CountBucket,
  before: PendingChange[],
  tokensAfter: Map<string, string>,
): Promise<number> => {
  const inBucket = before.filter(({ id }) => includes(bucket, id));
  const relevant = inBucket.filter((change) => countDifference(change, bucket) !== 0);
  // If one of them has been removed or replaced since, the bucket may have applied it and dropped its id meanwhile.
  const isCertain = relevant.every(({ id, token }) => tokensAfter.get(id) === token);
  return isCertain
    ? relevant.reduce((sum, change) => sum + countDifference(change, bucket), bucket.count)
    : countItems(channels, channelsIn(namespace, bucket), pagesForCount(bucket.count + inBucket.length));
};

/**
 * Reads the buckets of an id range, each with the exact number of its channels. The counts contain every acknowledged write:
 * - Pending changes are read before the buckets. They contain the changes that the buckets may not contain yet. Each
 *   bucket lists those that it has applied.
 * - They are read again after the buckets. If one that changes a count was replaced or removed meanwhile, the channels
 *   of its bucket are counted one by one.
 * @throws ApiError `unavailable` if there are more pending changes than the read budget allows, or if buckets were split
 * during every attempt
 */
export const readBucketCounts = async (
  tables: ChannelTables,
  namespace: string,
  range: IdRange,
): Promise<CountBucket[]> => {
  const { channels, projections } = tables;
  const attempt = async (): Promise<CountBucket[] | typeof again> => {
    const span = await spanOf(projections, namespace, range);
    const before = await readPendingChanges(channels, namespace, span);
    const buckets = await readBuckets(projections, namespace, span);
    if (!buckets) return again;
    const after = before.length ? await readPendingChanges(channels, namespace, span) : [];
    const tokensAfter = new Map(after.map(({ id, token }) => [id, token]));
    // A bucket that began after the span was read may be outside the range.
    const inRange = buckets.filter((bucket) => !isEmpty(intersect(bucket, range)));
    return Promise.all(
      inRange.map(async (bucket) => ({
        ...bucket,
        count: await countOf(tables, namespace, bucket, before, tokensAfter),
      })),
    );
  };
  const exhausted = () => {
    throw new ApiError(
      'unavailable',
      'The channels are changing too fast to be counted: try again in a moment.',
    );
  };
  return retry(attempt, { signal: channels.signal, exhausted });
};
