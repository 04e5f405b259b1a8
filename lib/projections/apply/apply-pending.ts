import { keys } from '../../channels/keys.ts';
import type { PendingChange } from '../../channels/pending-change.ts';
import { ConditionFailed, TransactionConditionFailed, WriteContention } from '../../dynamodb/failures.ts';
import { again, retry } from '../../dynamodb/retry.ts';
import type { Write } from '../../dynamodb/table.ts';
import { maxTransactionItems, transact } from '../../dynamodb/transact.ts';
import { mapConcurrently } from '../../map-concurrently.ts';
import type { ChannelTables } from '../open-tables.ts';
import { applyToBuckets, cleanUpBucket } from '../rank-index/apply-to-buckets.ts';
import { incrementReindexEpoch, tokenUnchanged, toPendingChange } from '../read-pending-changes.ts';
import { suffixEntries } from '../search-index/suffix-entries.ts';

/** The maximum number of pending changes whose suffix entries are written concurrently. */
const concurrency = 8;

/** The writes that make the suffix entries right. Puts come first, so that a reader always finds one of the two texts. */
const suffixEntryWrites = (namespace: string, { id, targetText, indexedTexts }: PendingChange): Write[] => {
  const entriesFor = (text: string) => suffixEntries(namespace, id, text);
  const wanted = targetText === undefined ? [] : entriesFor(targetText);
  const kept = new Set(wanted.map(({ sk }) => sk));
  const stale = new Map(indexedTexts.flatMap(entriesFor).map(({ pk, sk }) => [sk, { pk, sk }]));
  return [
    ...wanted.map((Item) => ({ Put: { Item } })),
    ...[...stale.values()].filter(({ sk }) => !kept.has(sk)).map((Key) => ({ Delete: { Key } })),
  ];
};

/** Writes the suffix entries of a pending change. @returns false if the pending change has changed meanwhile */
const writeSuffixEntries = async (
  { channels, projections }: ChannelTables,
  namespace: string,
  pendingChange: PendingChange,
): Promise<boolean> => {
  const writes = suffixEntryWrites(namespace, pendingChange);
  if (pendingChange.targetText !== undefined && writes.some((write) => write.Delete))
    await incrementReindexEpoch(channels, namespace);
  const check = channels.qualify([tokenUnchanged(namespace, pendingChange)]);
  try {
    while (writes.length) {
      const chunk = projections.qualify(writes.splice(0, maxTransactionItems - check.length));
      await transact(channels.session, () => ({ writes: [...check, ...chunk], result: undefined }));
    }
    return true;
  } catch (error) {
    if (error instanceof TransactionConditionFailed) return false;
    throw error;
  }
};

/** Removes a pending change. @returns false if it has changed meanwhile */
const removePendingChange = async (
  { channels }: ChannelTables,
  namespace: string,
  pendingChange: PendingChange,
): Promise<boolean> => {
  try {
    await channels.delete(tokenUnchanged(namespace, pendingChange).ConditionCheck);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
};

const filterConcurrently = async (
  pendingChanges: PendingChange[],
  work: (pendingChange: PendingChange) => Promise<boolean>,
): Promise<PendingChange[]> => {
  const done = await mapConcurrently(pendingChanges, concurrency, work);
  return pendingChanges.filter((_, index) => done[index]);
};

/**
 * Applies the pending changes of some channels of a namespace to the projections, and removes them. A channel without one is
 * skipped.
 *
 * The projections are written first, and the pending change is removed afterwards. One transaction cannot do both: a
 * reader may see one item of a transaction before another, and it must never see a pending change removed before its
 * suffix entries exist. Every write checks that the pending change is still the one that was read. So if several
 * processes apply it, or one of them is late, nobody undoes the work of a later change.
 * @throws WriteContention if a pending change changed during every attempt
 */
export const applyPending = async (
  tables: ChannelTables,
  namespace: string,
  ids: string[],
): Promise<void> => {
  const { channels } = tables;
  let remaining = ids;
  const attempt = async (): Promise<undefined | typeof again> => {
    const items = await channels.batchGet(remaining.map((id) => keys.pendingChange(namespace, id)));
    const pendingChanges = items.map(toPendingChange);
    const indexed = await filterConcurrently(pendingChanges, (change) =>
      writeSuffixEntries(tables, namespace, change),
    );
    const { counted, buckets } = await applyToBuckets(tables, namespace, indexed);
    const removed = await filterConcurrently(counted, (change) =>
      removePendingChange(tables, namespace, change),
    );
    for (const bucket of buckets) await cleanUpBucket(tables, namespace, bucket, removed);
    remaining = pendingChanges.filter((change) => !removed.includes(change)).map(({ id }) => id);
    return remaining.length ? again : undefined;
  };
  const exhausted = () => {
    throw new WriteContention('The channels are changing too fast for the projections to follow');
  };
  await retry(attempt, { signal: channels.signal, exhausted });
};
