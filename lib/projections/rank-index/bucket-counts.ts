import { below, intersect, allIds, type IdRange, includes, isEmpty } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { type PendingChange, pagesOfPendingChanges, readPendingChanges } from '../../channels/pending-change.ts';
import { attempts } from '../../dynamodb/retry.ts';
import type { Item } from '../../dynamodb/item.ts';
import { countItems, pages, pagesWithinBudget } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';
import { ApiError } from '../../errors.ts';
import { findBucket, findNextBucket } from './bucket-store.ts';
import { areLinked, type CountBucket, bucketSize, bucketsStartingIn, toBuckets } from './count-bucket.ts';
import type { ChannelTables } from '../channel-tables.ts';

/** What is read at once: whole blocks, from the one in which a range begins to the one in which it ends. */
interface BucketSpan extends IdRange {
  /** The block behind the last, as it was before the others were read. */
  next: Item | undefined;
}

const spanOf = async (projections: Table, namespace: string, { first, last }: IdRange): Promise<BucketSpan> => {
  const start = first === allIds.first ? undefined : await findBucket(projections, namespace, first);
  const next = await findNextBucket(projections, namespace, last);
  return {
    first: (start?.sk as string | undefined) ?? allIds.first,
    last: next ? below(next.sk as string, allIds).last : allIds.last,
    next,
  };
};

/** The blocks of a span, or nothing where they were not read together. */
const readBuckets = async (projections: Table, namespace: string, span: BucketSpan): Promise<CountBucket[] | undefined> => {
  const items: Item[] = [];
  for await (const page of pagesWithinBudget(projections, bucketsStartingIn(namespace, span)))
    items.push(...page.items);
  const buckets = toBuckets(span.next ? [...items, span.next] : items);
  // The block in which the range begins may have gone into the one before it.
  if (buckets[0]?.first !== span.first || !areLinked(buckets)) return undefined;
  if (span.next) return buckets.slice(0, -1);
  return buckets.at(-1)?.link === undefined ? buckets : undefined;
};

/** What a mark adds to the block that its channel lies in. Where the block has settled it already, the block knows better. */
const countDifference = ({ id, targetName: target, isCounted: counted }: PendingChange, { appliedIds }: CountBucket) =>
  Number(target !== undefined) - Number(appliedIds[id] ?? counted);

/** Channels among which some are counted whatever they take: as many as a block counts before it is divided. */
const alwaysCountable = 2 * bucketSize;

/** How so many channels are counted one by one: of more than a block's, as far as one request may read. */
export const pagesForCount = (count: number): typeof pages => (count > alwaysCountable ? pagesOfPendingChanges : pages);

/**
 * The blocks that hold the ids of a range, with how many channels the namespace has in each, every answered write
 * included. Marks are read before the blocks: what they tell is what the blocks may not know, and a block tells which of
 * them it does. Where one that makes a difference is gone or another when the blocks have been read, its block may have
 * forgotten it meanwhile: the channels of that block are counted themselves.
 * @throws ApiError `unavailable` where the directory is so far behind that what is to be read of it passes the budget, or
 * where blocks were divided with every try.
 */
export const readBucketCounts = async (
  { channels, projections }: ChannelTables,
  namespace: string,
  range: IdRange,
): Promise<CountBucket[]> => {
  for await (const _ of attempts(channels.signal)) {
    const span = await spanOf(projections, namespace, range);
    const pendingChanges = await readPendingChanges(channels, namespace, span);
    const buckets = await readBuckets(projections, namespace, span);
    if (!buckets) continue;
    const stillPending = new Map(
      (pendingChanges.length ? await readPendingChanges(channels, namespace, span) : []).map(({ id, token }) => [id, token]),
    );
    // One that was begun since may lie beside the range.
    const inRange = buckets.filter((bucket) => !isEmpty(intersect(bucket, range)));
    return Promise.all(
      inRange.map(async (bucket) => {
        const inBucket = pendingChanges.filter(({ id }) => includes(bucket, id));
        const relevant = inBucket.filter((pendingChange) => countDifference(pendingChange, bucket) !== 0);
        const isCertain = relevant.every(({ id, token }) => stillPending.get(id) === token);
        const count = isCertain
          ? relevant.reduce((sum, pendingChange) => sum + countDifference(pendingChange, bucket), bucket.count)
          : await countItems(channels, channelsIn(namespace, bucket), pagesForCount(bucket.count + inBucket.length));
        return { ...bucket, count };
      }),
    );
  }
  throw new ApiError(
    'unavailable',
    'The channels are changing too fast to be counted: try again in a moment.',
  );
};
