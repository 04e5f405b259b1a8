import { parseChannelId } from '../../channels/channel-id.ts';
import { namespaceOf, readTombstoneKey } from '../../channels/keys.ts';
import { TransactionConditionFailed, WriteContention } from '../../dynamodb/failures.ts';
import { again, retry } from '../../dynamodb/retry.ts';
import type { Change } from '../../dynamodb/stream-record.ts';
import type { Table } from '../../dynamodb/table.ts';
import { maxTransactionItems } from '../../dynamodb/transact.ts';
import { mapConcurrently } from '../../map-concurrently.ts';
import { readHead } from './log-head.ts';
import { appendWrites, type LogEntry } from './log-items.ts';

/** A change of a channel in one namespace, before it has a number. */
type UnnumberedChange = Pick<LogEntry, 'id' | 'by' | 'at'> & { namespace: string };

/** The head takes one place in the transaction. */
const maxEntries = maxTransactionItems - 1;

/** How many namespaces are numbered at once. The changes of one namespace are numbered one transaction after the other. */
const concurrency = 8;

/**
 * Reads a change of a channel from a change of an item. Returns undefined for any other change: of other items, the
 * removal of an item (a deletion writes a tombstone, which names the key that deleted), and a change without a new version
 * (it changes only derived attributes).
 */
const toUnnumbered = ({ pk, sk, before, after }: Change): UnnumberedChange | undefined => {
  const tombstoneOf = readTombstoneKey(sk);
  const id = tombstoneOf ?? parseChannelId(sk);
  if (!after || id === undefined || before?.__v === after.__v) return undefined;
  // The service always writes a time. An item that somebody wrote by hand may lack it, and must not stop the readers.
  const at = (tombstoneOf === undefined ? after.updatedAt : after.deletedAt) ?? 0;
  return { namespace: namespaceOf(pk), id, by: after.writtenBy as string, at: at as number };
};

/** One change for each channel and writer: a reader reads the channel itself, so it needs no more. */
const distinct = (changes: UnnumberedChange[]): UnnumberedChange[] => [
  ...new Map(changes.map((change) => [`${change.id} ${change.by}`, change])).values(),
];

const append = async (
  projections: Table,
  namespace: string,
  changes: UnnumberedChange[],
  now: () => number,
): Promise<void> => {
  const attempt = async (): Promise<undefined | typeof again> => {
    const head = await readHead(projections, namespace);
    try {
      await projections.transact(() => appendWrites(namespace, head, changes, now()));
      return undefined;
    } catch (error) {
      // Another process has numbered other changes meanwhile, or has begun a new generation.
      if (error instanceof TransactionConditionFailed) return again;
      throw error;
    }
  };
  const exhausted = () => {
    throw new WriteContention('The change log changed during every attempt');
  };
  await retry(attempt, { signal: projections.signal, exhausted });
};

/**
 * Appends the changes of channels to the change logs of their namespaces. Several processes may do this at once. A change that
 * comes twice gets two numbers, which is harmless.
 * @param changes changes of items, as the stream of the channels table delivers them
 * @throws WriteContention, Throttled, Unavailable. Some of the changes may be numbered then: give all of them again
 */
export const numberChanges = async (
  projections: Table,
  changes: Change[],
  now: () => number = Date.now,
): Promise<void> => {
  const unnumbered = changes.map(toUnnumbered).filter((change) => change !== undefined);
  const byNamespace = Map.groupBy(unnumbered, ({ namespace }) => namespace);
  await mapConcurrently([...byNamespace], concurrency, async ([namespace, all]) => {
    const entries = distinct(all);
    for (let start = 0; start < entries.length; start += maxEntries)
      await append(projections, namespace, entries.slice(start, start + maxEntries), now);
  });
};
