import { above, type IdRange, isEmpty } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { WriteContention } from '../../dynamodb/failures.ts';
import { pages } from '../../dynamodb/pages.ts';
import { again, retry } from '../../dynamodb/retry.ts';
import type { ChannelTables } from '../open-tables.ts';
import { readPendingChanges } from '../read-pending-changes.ts';
import { readBucket, replaceBucket, stillPending } from './bucket-store.ts';
import { appliedWhere, bucketSize, type CountBucket, linkTo } from './count-bucket.ts';

/**
 * Reads the ids that a bucket counts, in their order, one page at a time. Pending changes are read after the channels
 * of the same page, so a channel that was created meanwhile has one. If one is applied meanwhile, the version of the
 * bucket changes, and the caller's write is refused.
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
    const range = { first: remaining.first, last: end };
    const pendingChanges = await readPendingChanges(channels, namespace, range, pages);
    const pendingIds = new Set(pendingChanges.map(({ id }) => id));
    const counted = pendingChanges
      .filter((change) => appliedIds[change.id] ?? change.isCounted)
      .map(({ id }) => id);
    const notPending = items.map(({ sk }) => sk as string).filter((id) => !pendingIds.has(id));
    yield [...counted, ...notPending].sort();
    remaining = above(end, remaining);
    if (isEmpty(remaining)) return;
  }
}

/** The two buckets that replace a bucket: a full one, and one with the rest, which begins at the boundary. */
const halves = (bucket: CountBucket, boundary: string): CountBucket[] => [
  {
    ...bucket,
    count: bucketSize,
    appliedIds: appliedWhere(bucket.appliedIds, (id) => id < boundary),
    link: linkTo(boundary),
  },
  {
    ...bucket,
    first: boundary,
    count: bucket.count - bucketSize,
    appliedIds: appliedWhere(bucket.appliedIds, (id) => id >= boundary),
  },
];

/**
 * Splits the bucket of an id into a full bucket and the rest, if it counts twice as many channels as a full one. It
 * reads no more than it needs, because any number of channels that are not counted yet may follow. The full bucket is
 * written only if two counts agree, because a channel may be visible a moment before its pending change. If others
 * change the bucket during every attempt, it stays as it is until the next channel is added.
 */
export const splitBucket = async (tables: ChannelTables, namespace: string, id: string): Promise<void> => {
  let previous: string | undefined;
  const attempt = async (): Promise<undefined | typeof again> => {
    const bucket = await readBucket(tables, namespace, id);
    const ids: string[] = [];
    for await (const page of readCountedIds(tables, namespace, bucket, 2 * bucketSize)) {
      ids.push(...page);
      if (ids.length > bucketSize) break;
    }
    const boundary = ids[bucketSize];
    if (bucket.count < 2 * bucketSize || boundary === undefined) return undefined;
    const found = ids.slice(0, bucketSize + 1).join();
    const isConfirmed = found === previous;
    previous = found;
    const isDone = isConfirmed && (await replaceBucket(tables, namespace, bucket, halves(bucket, boundary)));
    return isDone ? undefined : again;
  };
  await retry(attempt, { signal: tables.projections.signal, exhausted: () => undefined });
};

/** The maximum number of buckets that one transaction writes. The last of them takes the rest. */
const maxBuckets = 99;

const chunk = (ids: string[]): string[][] => {
  const chunks: string[][] = [ids.slice(0, bucketSize)];
  for (let start = bucketSize; start < ids.length; start += bucketSize)
    chunks.push(ids.slice(start, chunks.length === maxBuckets - 1 ? ids.length : start + bucketSize));
  return chunks.slice(0, maxBuckets);
};

/** The full buckets that replace one bucket, which counts these ids. The first of them keeps its key. */
const bucketsOf = (
  bucket: CountBucket,
  appliedIds: CountBucket['appliedIds'],
  ids: string[],
): CountBucket[] => {
  const chunks = chunk(ids);
  const firstOf = (index: number) => (index === 0 ? bucket.first : (chunks[index]?.[0] as string));
  return chunks.map((part, index) => {
    const next = index + 1 < chunks.length ? firstOf(index + 1) : undefined;
    const isHere = (id: string) => (index === 0 || firstOf(index) <= id) && (next === undefined || id < next);
    return {
      ...bucket,
      first: firstOf(index),
      highestId: part.at(-1) ?? bucket.first,
      count: part.length,
      appliedIds: appliedWhere(appliedIds, isHere),
      ...(next !== undefined && { link: linkTo(next) }),
    };
  });
};

/**
 * Counts the channels of an id's bucket again, and divides them into full buckets, at most 99. A count that differs
 * from the stored one is written only if a second count agrees, because a channel may be visible a moment before its
 * pending change.
 * @returns whether the count was wrong, or the bucket too large
 * @throws WriteContention if the bucket changed during every attempt
 */
export const recountBucket = async (
  tables: ChannelTables,
  namespace: string,
  id: string,
): Promise<boolean> => {
  let previous: string | undefined;
  const attempt = async (): Promise<boolean | typeof again> => {
    const bucket = await readBucket(tables, namespace, id);
    const ids: string[] = [];
    for await (const page of readCountedIds(tables, namespace, bucket)) ids.push(...page);
    const appliedIds = await stillPending(tables, namespace, bucket.appliedIds);
    const isUpToDate = Object.keys(appliedIds).length === Object.keys(bucket.appliedIds).length;
    const isRight = ids.length === bucket.count && ids.length <= bucketSize;
    if (isRight && isUpToDate) return false;
    const isConfirmed = ids.length === bucket.count || ids.join() === previous;
    previous = ids.join();
    const buckets = bucketsOf(bucket, appliedIds, ids);
    const isDone = isConfirmed && (await replaceBucket(tables, namespace, bucket, buckets));
    return isDone ? !isRight : again;
  };
  const exhausted = () => {
    throw new WriteContention('The channels are changing too fast to be counted: try again in a moment');
  };
  return retry(attempt, { signal: tables.projections.signal, exhausted });
};
