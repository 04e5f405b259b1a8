import { incrementReindexEpoch, tokenUnchanged, type PendingChange, pendingChangeKey, toPendingChange } from '../../channels/pending-change.ts';
import { mapConcurrently } from '../../map-concurrently.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { ConditionFailed, TransactionConditionFailed } from '../../dynamodb/failures.ts';
import type { Write } from '../../dynamodb/table.ts';
import { ApiError } from '../../errors.ts';
import { applyToBuckets, cleanUpBucket } from '../rank-index/apply-to-buckets.ts';
import { suffixEntries } from '../search-index/suffix-entries.ts';
import type { ChannelTables } from '../channel-tables.ts';

/** Items that a transaction takes. */
const maxTransactionItems = 100;
/** Marks whose entries are written at once, and that are removed at once. */
const concurrency = 8;

/** What the search entries lack and what they have too much: puts first, so that no state between lacks both names. */
const suffixEntryWrites = ({ projections }: ChannelTables, namespace: string, { id, targetName: target, indexedNames: indexed }: PendingChange): Write[] => {
  const entriesFor = (name: string) => suffixEntries(namespace, id, name);
  const wanted = target === undefined ? [] : entriesFor(target);
  const kept = new Set(wanted.map(({ sk }) => sk));
  const stale = new Map(indexed.flatMap(entriesFor).map(({ pk, sk }) => [sk, { pk, sk }]));
  const TableName = projections.name;
  return [
    ...wanted.map((Item) => ({ Put: { TableName, Item } })),
    ...[...stale.values()].filter(({ sk }) => !kept.has(sk)).map((Key) => ({ Delete: { TableName, Key } })),
  ];
};

/** Writes the entries that a mark tells of. @returns whether it was done; not where the mark is another by now */
const writeSuffixEntries = async (tables: ChannelTables, namespace: string, pendingChange: PendingChange): Promise<boolean> => {
  const { channels } = tables;
  const writes = suffixEntryWrites(tables, namespace, pendingChange);
  if (pendingChange.targetName !== undefined && writes.some((write) => write.Delete)) await incrementReindexEpoch(channels, namespace);
  try {
    while (writes.length) {
      const chunk = writes.splice(0, maxTransactionItems - 1);
      await channels.transact(() => [tokenUnchanged(namespace, pendingChange), ...chunk]);
    }
    return true;
  } catch (error) {
    if (error instanceof TransactionConditionFailed) return false;
    throw error;
  }
};

/** @returns whether the mark is removed; not where it is another by now */
const removePendingChange = async ({ channels }: ChannelTables, namespace: string, pendingChange: PendingChange): Promise<boolean> => {
  try {
    await channels.delete(tokenUnchanged(namespace, pendingChange).ConditionCheck);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
};

const filterConcurrently = async (pendingChanges: PendingChange[], work: (pendingChange: PendingChange) => Promise<boolean>): Promise<PendingChange[]> => {
  const done = await mapConcurrently(pendingChanges, concurrency, work);
  return pendingChanges.filter((_, index) => done[index]);
};

/**
 * Brings the directory up to date with some channels of a namespace, and removes their marks; does nothing for one that has
 * none. What the directory lacks is written first, then the mark is removed: not in one transaction, since a reader may see
 * one item of it before another, and must find no mark gone whose entries are not there yet. Every write holds that the mark
 * is still the one that was read: of those that settle it late, again or at the same time, one does it, and none undoes a
 * later one's work.
 * @throws ApiError `conflict` where a mark changed with every try.
 */
export const applyPending = async (tables: ChannelTables, namespace: string, ids: string[]): Promise<void> => {
  let remaining = ids;
  for await (const _ of attempts(tables.channels.signal)) {
    const items = await tables.channels.batchGet(remaining.map((id) => pendingChangeKey(namespace, id)));
    const pendingChanges = items.map(toPendingChange);
    const indexed = await filterConcurrently(pendingChanges, (pendingChange) => writeSuffixEntries(tables, namespace, pendingChange));
    const { counted, blocks: buckets } = await applyToBuckets(tables, namespace, indexed);
    const removed = await filterConcurrently(counted, (pendingChange) => removePendingChange(tables, namespace, pendingChange));
    for (const bucket of buckets) await cleanUpBucket(tables, namespace, bucket, removed);
    remaining = pendingChanges.filter((pendingChange) => !removed.includes(pendingChange)).map(({ id }) => id);
    if (!remaining.length) return;
  }
  throw new ApiError('conflict', 'The channels are changing too fast for the directory to follow.');
};
