import { randomInt } from 'node:crypto';
import { above, allIds, below, isEmpty } from '../../channels/id-range.ts';
import { keys } from '../../channels/keys.ts';
import { TransactionConditionFailed } from '../../dynamodb/failures.ts';
import type { Item } from '../../dynamodb/item.ts';
import { readFirst } from '../../dynamodb/pages.ts';
import type { Table, Write } from '../../dynamodb/table.ts';
import type { ChannelTables } from '../open-tables.ts';
import { toPendingChange } from '../read-pending-changes.ts';
import {
  appliedWhere,
  bucketItem,
  bucketKey,
  bucketsStartingIn,
  type CountBucket,
  toBuckets,
} from './count-bucket.ts';

const bucketUnchanged = (version: number) =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': version } };

/** The stored bucket that contains an id, or undefined if no bucket is stored. */
export const findBucket = async (
  projections: Table,
  namespace: string,
  id: string,
): Promise<Item | undefined> => {
  const upToId = bucketsStartingIn(namespace, { first: allIds.first, last: id });
  const [item] = await readFirst(projections, { ...upToId, ScanIndexForward: false }, 1);
  return item;
};

/** The first stored bucket that begins after an id. */
export const findNextBucket = async (
  projections: Table,
  namespace: string,
  id: string,
): Promise<Item | undefined> => {
  const after = above(id, allIds);
  const [item] = isEmpty(after) ? [] : await readFirst(projections, bucketsStartingIn(namespace, after), 1);
  return item;
};

/** Reads the bucket that contains an id. It ends where the next bucket begins. */
export const readBucket = async (
  { projections }: ChannelTables,
  namespace: string,
  id: string,
): Promise<CountBucket> => {
  const found = await findBucket(projections, namespace, id);
  const next = await findNextBucket(projections, namespace, id);
  const [bucket] = toBuckets([...(found ? [found] : []), ...(next ? [next] : [])]);
  return bucket as CountBucket;
};

/** The applied ids that a bucket must keep: those whose pending change still exists. */
export const stillPending = async (
  { channels }: ChannelTables,
  namespace: string,
  appliedIds: CountBucket['appliedIds'],
): Promise<CountBucket['appliedIds']> => {
  const ids = Object.keys(appliedIds);
  if (!ids.length) return {};
  const items = await channels.batchGet(ids.map((id) => keys.pendingChange(namespace, id)));
  const pendingIds = new Set(items.map((item) => toPendingChange(item).id));
  return appliedWhere(appliedIds, (id) => pendingIds.has(id));
};

/**
 * The version of a bucket that was not stored. The first bucket of a namespace can be removed and stored again. A writer
 * that has read it before must notice this, so the version is random: it differs from all earlier ones.
 */
const newVersion = () => randomInt(1, 2 ** 31);

/** The versions that buckets get when they replace one bucket. The first of them keeps its key. */
export const withNextVersions = ({ version }: CountBucket, buckets: CountBucket[]): CountBucket[] =>
  buckets.map((bucket, index) => {
    if (index > 0) return { ...bucket, version: 1 };
    return { ...bucket, version: version === 0 ? newVersion() : version + 1 };
  });

/**
 * The writes that replace one bucket by others, on the condition that it has not changed since it was read.
 * @param buckets with their next versions
 */
export const bucketPuts = (namespace: string, replaced: CountBucket, buckets: CountBucket[]): Write[] =>
  buckets.map((bucket, index) => ({
    Put: {
      Item: bucketItem(namespace, bucket),
      ...bucketUnchanged(index === 0 ? replaced.version : 0),
    },
  }));

const writeUnlessChanged = async (projections: Table, writes: Write[]): Promise<boolean> => {
  try {
    await projections.transact(() => writes);
    return true;
  } catch (error) {
    if (error instanceof TransactionConditionFailed) return false;
    throw error;
  }
};

/** Replaces one bucket by others. @returns false if the bucket has changed since it was read: then nothing was written */
export const replaceBucket = async (
  { projections }: ChannelTables,
  namespace: string,
  replaced: CountBucket,
  buckets: CountBucket[],
): Promise<boolean> =>
  writeUnlessChanged(projections, bucketPuts(namespace, replaced, withNextVersions(replaced, buckets)));

/**
 * Removes the bucket of an id if it counts nothing. The bucket before it then ends where this one ended. The first bucket
 * stays: see `removeOnlyBucket`.
 * @returns whether the bucket was removed. It stays if something changed meanwhile.
 */
export const removeEmptyBucket = async (
  tables: ChannelTables,
  namespace: string,
  id: string,
): Promise<boolean> => {
  const { first, count, version, appliedIds, link } = await readBucket(tables, namespace, id);
  if (count > 0 || first === allIds.first) return false;
  if (Object.keys(await stillPending(tables, namespace, appliedIds)).length) return false;
  const { link: _, ...previous } = await readBucket(tables, namespace, below(first, allIds).last);
  const extended = { ...previous, version: previous.version + 1, ...(link !== undefined && { link }) };
  return writeUnlessChanged(tables.projections, [
    { Delete: { Key: bucketKey(namespace, first), ...bucketUnchanged(version) } },
    { Put: { Item: bucketItem(namespace, extended), ...bucketUnchanged(previous.version) } },
  ]);
};

/**
 * Removes the first bucket of a namespace if there is no other one and it counts nothing. Without a bucket, a namespace has
 * no channels. The bucket stays if something changed meanwhile.
 */
export const removeOnlyBucket = async (tables: ChannelTables, namespace: string): Promise<void> => {
  const { first, count, version, appliedIds, link } = await readBucket(tables, namespace, allIds.first);
  if (version === 0 || count > 0 || link !== undefined) return;
  if (Object.keys(await stillPending(tables, namespace, appliedIds)).length) return;
  await writeUnlessChanged(tables.projections, [
    { Delete: { Key: bucketKey(namespace, first), ...bucketUnchanged(version) } },
  ]);
};
