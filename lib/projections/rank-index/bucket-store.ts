import { above, below, allIds, isEmpty } from '../../channels/id-range.ts';
import { pendingChangeKey, toPendingChange } from '../../channels/pending-change.ts';
import { TransactionConditionFailed } from '../../dynamodb/failures.ts';
import type { Item } from '../../dynamodb/item.ts';
import { readFirst } from '../../dynamodb/pages.ts';
import type { Table, Write } from '../../dynamodb/table.ts';
import { type CountBucket, bucketItem, bucketKey, bucketsStartingIn, appliedWhere, toBuckets } from './count-bucket.ts';
import type { ChannelTables } from '../channel-tables.ts';

const bucketUnchanged = (version: number) =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': version } };

/** The stored block in which an id lies, or nothing where there are no blocks yet. */
export const findBucket = async (
  projections: Table,
  namespace: string,
  id: string,
): Promise<Item | undefined> => {
  const upToIt = bucketsStartingIn(namespace, { first: allIds.first, last: id });
  const [item] = await readFirst(projections, { ...upToIt, ScanIndexForward: false }, 1);
  return item;
};

/** The stored block that begins next behind an id. */
export const findNextBucket = async (
  projections: Table,
  namespace: string,
  id: string,
): Promise<Item | undefined> => {
  const behind = above(id, allIds);
  const [item] = isEmpty(behind) ? [] : await readFirst(projections, bucketsStartingIn(namespace, behind), 1);
  return item;
};

/** The block of an id, with where the next one begins. */
export const readBucket = async ({ projections }: ChannelTables, namespace: string, id: string): Promise<CountBucket> => {
  const found = await findBucket(projections, namespace, id);
  const next = await findNextBucket(projections, namespace, id);
  const [bucket] = toBuckets([...(found ? [found] : []), ...(next ? [next] : [])]);
  return bucket as CountBucket;
};

/** What a block has to remember of those that were settled in it: whose mark is gone needs no word any more. */
export const stillPending = async (
  { channels }: ChannelTables,
  namespace: string,
  appliedIds: CountBucket['appliedIds'],
): Promise<CountBucket['appliedIds']> => {
  const ids = Object.keys(appliedIds);
  if (!ids.length) return {};
  const pendingChanges = await channels.batchGet(ids.map((id) => pendingChangeKey(namespace, id)));
  const pendingIds = new Set(pendingChanges.map((item) => toPendingChange(item).id));
  return appliedWhere(appliedIds, (id) => pendingIds.has(id));
};

/** Blocks as they stand when they have taken the place of another, of which the first begins where it does. */
export const withNextVersions = ({ version }: CountBucket, parts: CountBucket[]): CountBucket[] =>
  parts.map((part, index) => ({ ...part, version: index === 0 ? version + 1 : 1 }));

/** The writes by which they do, refused where it has changed since it was read. */
export const bucketPuts = ({ projections }: ChannelTables, namespace: string, bucket: CountBucket, parts: CountBucket[]): Write[] =>
  withNextVersions(bucket, parts).map((part, index) => ({
    Put: {
      TableName: projections.name,
      Item: bucketItem(namespace, part),
      ...bucketUnchanged(index === 0 ? bucket.version : 0),
    },
  }));

/** Puts others in the place of a block. @returns whether it was done; not where it has changed since it was read */
export const replaceBucket = async (
  tables: ChannelTables,
  namespace: string,
  bucket: CountBucket,
  parts: CountBucket[],
): Promise<boolean> => {
  try {
    await tables.projections.transact(() => bucketPuts(tables, namespace, bucket, parts));
    return true;
  } catch (error) {
    if (error instanceof TransactionConditionFailed) return false;
    throw error;
  }
};

/**
 * Removes the block of an id where it counts nothing, unless it is the first: that before it then goes on to the next.
 * @returns whether it was removed; not where something changed meanwhile
 */
export const removeEmptyBucket = async (tables: ChannelTables, namespace: string, id: string): Promise<boolean> => {
  const { projections } = tables;
  const { first, count, version, appliedIds, link } = await readBucket(tables, namespace, id);
  if (count > 0 || first === allIds.first) return false;
  if (Object.keys(await stillPending(tables, namespace, appliedIds)).length) return false;
  const { link: _, ...previous } = await readBucket(tables, namespace, below(first, allIds).last);
  const extended = { ...previous, version: previous.version + 1, ...(link !== undefined && { link }) };
  try {
    await projections.transact(() => [
      { Delete: { Key: bucketKey(namespace, first), ...bucketUnchanged(version) } },
      { Put: { Item: bucketItem(namespace, extended), ...bucketUnchanged(previous.version) } },
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionConditionFailed) return false;
    throw error;
  }
};
