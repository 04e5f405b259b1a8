import { below, allIds } from '../../channels/id-range.ts';
import { tokenUnchanged, type PendingChange, pendingChangeKey, toPendingChange } from '../../channels/pending-change.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { TransactionConditionFailed } from '../../dynamodb/failures.ts';
import { bucketPuts, readBucket, removeEmptyBucket, replaceBucket, stillPending, withNextVersions } from './bucket-store.ts';
import { type CountBucket, bucketSize, linkTo, appliedWhere } from './count-bucket.ts';
import { splitBucket } from './recount-buckets.ts';
import type { ChannelTables } from '../channel-tables.ts';

/** Channels that are counted in one transaction, which takes 100 items. No more than half of what fills a block. */
const maxPerTransaction = 64;

const existsAfter = ({ targetName: target }: PendingChange): boolean => target !== undefined;

/**
 * What takes the place of a block when it takes in the channels of some marks and lets others go; nothing where it has done
 * so already. Those that stand behind all that a full block counts begin another, as new ones do.
 */
const bucketsAfter = (bucket: CountBucket, appliedIds: CountBucket['appliedIds'], pendingChanges: PendingChange[]): CountBucket[] => {
  const changed = pendingChanges.filter((pendingChange) => existsAfter(pendingChange) !== (bucket.appliedIds[pendingChange.id] ?? pendingChange.isCounted));
  if (!changed.length) return [];
  const applied = { ...appliedIds, ...Object.fromEntries(changed.map((pendingChange) => [pendingChange.id, existsAfter(pendingChange)])) };
  const added = changed.filter(existsAfter).map(({ id }) => id);
  const within = added.filter((id) => id <= bucket.highestId);
  const behind = added.filter((id) => id > bucket.highestId);
  const count = bucket.count - (changed.length - added.length) + within.length;
  const joining = behind.slice(0, Math.max(0, bucketSize - count));
  const [first, ...others] = behind.slice(joining.length);
  const grown = { ...bucket, count: count + joining.length, highest: joining.at(-1) ?? bucket.highestId };
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

/** The block in which the first of some marks, in the order of ids, lies, with those that lie in it too. */
const readFirstBucket = async (tables: ChannelTables, namespace: string, pendingChanges: PendingChange[]) => {
  const [{ id } = { id: allIds.first }] = pendingChanges;
  const bucket = await readBucket(tables, namespace, id);
  return { block: bucket, here: pendingChanges.filter((pendingChange) => pendingChange.id <= bucket.last).slice(0, maxPerTransaction) };
};

/** Counts the first of some marks, and those that lie in its block too. */
const applyToFirstBucket = async (tables: ChannelTables, namespace: string, pendingChanges: PendingChange[]) => {
  let { block: bucket, here: inBucket } = await readFirstBucket(tables, namespace, pendingChanges);
  if (bucket.count >= 2 * bucketSize && inBucket.some(existsAfter)) {
    await splitBucket(tables, namespace, bucket.first);
    ({ block: bucket, here: inBucket } = await readFirstBucket(tables, namespace, pendingChanges));
  }
  const parts = bucketsAfter(bucket, await stillPending(tables, namespace, bucket.appliedIds), inBucket);
  const puts = bucketPuts(tables, namespace, bucket, parts);
  if (parts.length)
    await tables.channels.transact(() => [...inBucket.map((pendingChange) => tokenUnchanged(namespace, pendingChange)), ...puts]);
  return { here: inBucket, blocks: parts.length ? withNextVersions(bucket, parts) : [bucket] };
};

/**
 * Has the blocks take in the channels of marks, or let them go.
 * @returns the marks for which that is done, which leaves out those that are others by now, and the blocks in which they lie
 */
export const applyToBuckets = async (
  tables: ChannelTables,
  namespace: string,
  pendingChanges: PendingChange[],
): Promise<{ counted: PendingChange[]; blocks: CountBucket[] }> => {
  const counted: PendingChange[] = [];
  const touched = new Map<string, CountBucket>();
  let remaining = pendingChanges.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  for await (const _ of attempts(tables.channels.signal)) {
    try {
      while (remaining.length) {
        const { here: inBucket, blocks: buckets } = await applyToFirstBucket(tables, namespace, remaining);
        for (const bucket of buckets) touched.set(bucket.first, bucket);
        counted.push(...inBucket);
        remaining = remaining.slice(inBucket.length);
      }
      break;
    } catch (error) {
      if (!(error instanceof TransactionConditionFailed)) throw error;
      const items = await tables.channels.batchGet(remaining.map(({ id }) => pendingChangeKey(namespace, id)));
      const tokens = new Map(items.map(toPendingChange).map(({ id, token }) => [id, token]));
      remaining = remaining.filter(({ id, token }) => tokens.get(id) === token);
    }
  }
  return { counted, blocks: [...touched.values()] };
};

/** Words of channels that a block may be left with: to remove them costs as much as they do. */
const maxLeftoverIds = 2;

/** Has a block forget the channels whose marks have been removed, or ends it where it is empty. */
export const cleanUpBucket = async (
  tables: ChannelTables,
  namespace: string,
  bucket: CountBucket,
  removed: PendingChange[],
): Promise<void> => {
  if (bucket.count === 0 && bucket.first !== allIds.first) await removeEmptyBucket(tables, namespace, bucket.first);
  else if (Object.keys(bucket.appliedIds).length > maxLeftoverIds) {
    const gone = new Set(removed.map(({ id }) => id));
    await replaceBucket(tables, namespace, bucket, [
      { ...bucket, appliedIds: appliedWhere(bucket.appliedIds, (id) => !gone.has(id)) },
    ]);
  }
};
