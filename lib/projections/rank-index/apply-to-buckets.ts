import { allIds, below } from '../../channels/id-range.ts';
import { keys } from '../../channels/keys.ts';
import type { PendingChange } from '../../channels/pending-change.ts';
import { TransactionConditionFailed } from '../../dynamodb/failures.ts';
import { again, retry } from '../../dynamodb/retry.ts';
import { transact } from '../../dynamodb/transact.ts';
import type { ChannelTables } from '../open-tables.ts';
import { tokenUnchanged, toPendingChange } from '../read-pending-changes.ts';
import {
  bucketPuts,
  readBucket,
  removeEmptyBucket,
  replaceBucket,
  stillPending,
  withNextVersions,
} from './bucket-store.ts';
import { appliedWhere, bucketSize, type CountBucket, linkTo } from './count-bucket.ts';
import { splitBucket } from './recount-buckets.ts';

/**
 * The maximum number of pending changes that one transaction applies. A transaction takes 100 items. It must be at most
 * half of a full bucket.
 */
const maxPerTransaction = 64;

const existsAfter = ({ targetText }: PendingChange): boolean => targetText !== undefined;

/**
 * The buckets that replace one bucket when pending changes are applied to it; none if it has applied them already. If
 * the bucket is full, channels with higher ids than its own begin another bucket. New channels have higher ids, because
 * ids grow with time.
 */
const bucketsAfter = (
  bucket: CountBucket,
  appliedIds: CountBucket['appliedIds'],
  pendingChanges: PendingChange[],
): CountBucket[] => {
  const changed = pendingChanges.filter(
    (change) => existsAfter(change) !== (bucket.appliedIds[change.id] ?? change.isCounted),
  );
  if (!changed.length) return [];
  const applied = {
    ...appliedIds,
    ...Object.fromEntries(changed.map((change) => [change.id, existsAfter(change)])),
  };
  const added = changed.filter(existsAfter).map(({ id }) => id);
  const within = added.filter((id) => id <= bucket.highestId);
  const behind = added.filter((id) => id > bucket.highestId);
  const count = bucket.count - (changed.length - added.length) + within.length;
  const joining = behind.slice(0, Math.max(0, bucketSize - count));
  const [first, ...others] = behind.slice(joining.length);
  const grown = { ...bucket, count: count + joining.length, highestId: joining.at(-1) ?? bucket.highestId };
  if (first === undefined) return [{ ...grown, appliedIds: applied }];
  return [
    {
      ...grown,
      last: below(first, allIds).last,
      appliedIds: appliedWhere(applied, (id) => id < first),
      link: linkTo(first),
    },
    {
      ...bucket,
      first,
      count: 1 + others.length,
      highestId: others.at(-1) ?? first,
      appliedIds: appliedWhere(applied, (id) => id >= first),
    },
  ];
};

/** The bucket of the first pending change (in the order of ids), and the pending changes in its range. */
const readFirstBucket = async (tables: ChannelTables, namespace: string, pendingChanges: PendingChange[]) => {
  const [{ id } = { id: allIds.first }] = pendingChanges;
  const bucket = await readBucket(tables, namespace, id);
  const inBucket = pendingChanges.filter((change) => change.id <= bucket.last).slice(0, maxPerTransaction);
  return { bucket, inBucket };
};

const applyToFirstBucket = async (
  tables: ChannelTables,
  namespace: string,
  pendingChanges: PendingChange[],
) => {
  const { channels, projections } = tables;
  let { bucket, inBucket } = await readFirstBucket(tables, namespace, pendingChanges);
  if (bucket.count >= 2 * bucketSize && inBucket.some(existsAfter)) {
    await splitBucket(tables, namespace, bucket.first);
    ({ bucket, inBucket } = await readFirstBucket(tables, namespace, pendingChanges));
  }
  const appliedIds = await stillPending(tables, namespace, bucket.appliedIds);
  const buckets = bucketsAfter(bucket, appliedIds, inBucket);
  if (!buckets.length) return { inBucket, buckets: [bucket] };
  const checks = channels.qualify(inBucket.map((change) => tokenUnchanged(namespace, change)));
  const next = withNextVersions(bucket, buckets);
  const puts = projections.qualify(bucketPuts(namespace, bucket, next));
  await transact(channels.session, () => ({ writes: [...checks, ...puts], result: undefined }));
  return { inBucket, buckets: next };
};

/** The pending changes that are still in the state in which they were read. */
const unchanged = async ({ channels }: ChannelTables, namespace: string, pendingChanges: PendingChange[]) => {
  const items = await channels.batchGet(pendingChanges.map(({ id }) => keys.pendingChange(namespace, id)));
  const tokens = new Map(items.map(toPendingChange).map(({ id, token }) => [id, token]));
  return pendingChanges.filter(({ id, token }) => tokens.get(id) === token);
};

/**
 * Applies pending changes to the count buckets.
 * @returns the pending changes that were applied, without those that have changed meanwhile, and the buckets that they
 * lie in
 */
export const applyToBuckets = async (
  tables: ChannelTables,
  namespace: string,
  pendingChanges: PendingChange[],
): Promise<{ counted: PendingChange[]; buckets: CountBucket[] }> => {
  const counted: PendingChange[] = [];
  const touched = new Map<string, CountBucket>();
  const result = () => ({ counted, buckets: [...touched.values()] });
  let remaining = pendingChanges.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const applyRemaining = async (): Promise<ReturnType<typeof result> | typeof again> => {
    try {
      while (remaining.length) {
        const { inBucket, buckets } = await applyToFirstBucket(tables, namespace, remaining);
        for (const bucket of buckets) touched.set(bucket.first, bucket);
        counted.push(...inBucket);
        remaining = remaining.slice(inBucket.length);
      }
      return result();
    } catch (error) {
      if (!(error instanceof TransactionConditionFailed)) throw error;
      remaining = await unchanged(tables, namespace, remaining);
      return again;
    }
  };
  return retry(applyRemaining, { signal: tables.channels.signal, exhausted: result });
};

/** A bucket may keep this many applied ids: removing them costs as much as keeping them. */
const maxLeftoverIds = 2;

/** Drops the applied ids whose pending changes were removed, or removes the bucket if it is empty. */
export const cleanUpBucket = async (
  tables: ChannelTables,
  namespace: string,
  bucket: CountBucket,
  removed: PendingChange[],
): Promise<void> => {
  if (bucket.count === 0 && bucket.first !== allIds.first)
    await removeEmptyBucket(tables, namespace, bucket.first);
  else if (Object.keys(bucket.appliedIds).length > maxLeftoverIds) {
    const removedIds = new Set(removed.map(({ id }) => id));
    const appliedIds = appliedWhere(bucket.appliedIds, (id) => !removedIds.has(id));
    await replaceBucket(tables, namespace, bucket, [{ ...bucket, appliedIds }]);
  }
};
