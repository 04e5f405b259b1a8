import { countMove, isStill, type Mark, markKey, toMark } from '../../channels/pending-change.ts';
import { concurrently } from '../../map-concurrently.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { ConditionFailed, TransactionRefused } from '../../dynamodb/failures.ts';
import type { Write } from '../../dynamodb/table.ts';
import { ApiError } from '../../errors.ts';
import { countChannels, tidy } from '../rank-index/apply-to-buckets.ts';
import { entriesOf } from '../search-index/suffix-entries.ts';
import type { Tables } from '../channel-tables.ts';

/** Items that a transaction takes. */
const mostWrites = 100;
/** Marks whose entries are written at once, and that are removed at once. */
const atOnce = 8;

/** What the search entries lack and what they have too much: puts first, so that no state between lacks both names. */
const entryWrites = ({ directory }: Tables, namespace: string, { id, target, entered }: Mark): Write[] => {
  const entriesFor = (name: string) => entriesOf(namespace, id, name);
  const wanted = target === undefined ? [] : entriesFor(target);
  const kept = new Set(wanted.map(({ sk }) => sk));
  const stale = new Map(entered.flatMap(entriesFor).map(({ pk, sk }) => [sk, { pk, sk }]));
  const TableName = directory.name;
  return [
    ...wanted.map((Item) => ({ Put: { TableName, Item } })),
    ...[...stale.values()].filter(({ sk }) => !kept.has(sk)).map((Key) => ({ Delete: { TableName, Key } })),
  ];
};

/** Writes the entries that a mark tells of. @returns whether it was done; not where the mark is another by now */
const enter = async (tables: Tables, namespace: string, mark: Mark): Promise<boolean> => {
  const { channels } = tables;
  const writes = entryWrites(tables, namespace, mark);
  if (mark.target !== undefined && writes.some((write) => write.Delete)) await countMove(channels, namespace);
  try {
    while (writes.length) {
      const some = writes.splice(0, mostWrites - 1);
      await channels.transact(() => [isStill(namespace, mark), ...some]);
    }
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/** @returns whether the mark is removed; not where it is another by now */
const remove = async ({ channels }: Tables, namespace: string, mark: Mark): Promise<boolean> => {
  try {
    await channels.delete(isStill(namespace, mark).ConditionCheck);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
};

const those = async (marks: Mark[], work: (mark: Mark) => Promise<boolean>): Promise<Mark[]> => {
  const done = await concurrently(marks, atOnce, work);
  return marks.filter((_, index) => done[index]);
};

/**
 * Brings the directory up to date with some channels of a namespace, and removes their marks; does nothing for one that has
 * none. What the directory lacks is written first, then the mark is removed: not in one transaction, since a reader may see
 * one item of it before another, and must find no mark gone whose entries are not there yet. Every write holds that the mark
 * is still the one that was read: of those that settle it late, again or at the same time, one does it, and none undoes a
 * later one's work.
 * @throws ApiError `conflict` where a mark changed with every try.
 */
export const settle = async (tables: Tables, namespace: string, ids: string[]): Promise<void> => {
  let left = ids;
  for await (const _ of attempts(tables.channels.signal)) {
    const items = await tables.channels.batchGet(left.map((id) => markKey(namespace, id)));
    const marks = items.map(toMark);
    const entered = await those(marks, (mark) => enter(tables, namespace, mark));
    const { counted, blocks } = await countChannels(tables, namespace, entered);
    const removed = await those(counted, (mark) => remove(tables, namespace, mark));
    for (const block of blocks) await tidy(tables, namespace, block, removed);
    left = marks.filter((mark) => !removed.includes(mark)).map(({ id }) => id);
    if (!left.length) return;
  }
  throw new ApiError('conflict', 'The channels are changing too fast for the directory to follow.');
};
