import { countMove, type Mark, markKey, toMark } from '../channels/mark.ts';
import { attempts } from '../dynamodb/attempts.ts';
import { ConditionFailed, TransactionRefused } from '../dynamodb/failures.ts';
import type { Write } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { countChannel, removeEmpty } from './count.ts';
import { entriesOf } from './entries.ts';
import type { Tables } from './tables.ts';

/** Items that a transaction takes. */
const mostWrites = 100;

const isStill = ({ token }: Mark) => ({
  ConditionExpression: '#token = :token',
  ExpressionAttributeNames: { '#token': 'token' },
  ExpressionAttributeValues: { ':token': token },
});

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

/**
 * Writes what the directory lacks, then removes the mark: not in one transaction, since a reader may see one item of it before
 * another, and must find no mark gone whose entries are not there yet.
 */
const settleMark = async (tables: Tables, namespace: string, mark: Mark): Promise<void> => {
  const { channels } = tables;
  const Key = markKey(namespace, mark.id);
  const check: Write = { ConditionCheck: { Key, ...isStill(mark) } };
  const entries = entryWrites(tables, namespace, mark);
  const block = await countChannel(tables, namespace, mark);
  const inLast = mostWrites - 1 - block.length;
  if (mark.target !== undefined && entries.some((write) => write.Delete))
    await countMove(channels, namespace);
  while (entries.length > inLast) {
    const some = entries.splice(0, mostWrites - 1);
    await channels.transact(() => [check, ...some]);
  }
  if (entries.length + block.length) await channels.transact(() => [check, ...entries, ...block]);
  await channels.delete({ Key, ...isStill(mark) });
  if (mark.target === undefined) await removeEmpty(tables, namespace, mark.id);
};

/**
 * Brings the directory up to date with one channel of a namespace, and removes its mark; does nothing where there is
 * none. Every write holds that the mark is still the one that was read: of those that settle it late, again or at the same
 * time, one does it, and none undoes a later one's work.
 * @throws ApiError `conflict` where the mark or its block changed with every try.
 */
export const settle = async (tables: Tables, namespace: string, id: string): Promise<void> => {
  for await (const _ of attempts(tables.channels.signal)) {
    const item = await tables.channels.get(markKey(namespace, id));
    if (!item) return;
    try {
      return await settleMark(tables, namespace, toMark(item));
    } catch (error) {
      if (!(error instanceof TransactionRefused || error instanceof ConditionFailed)) throw error;
    }
  }
  throw new ApiError('conflict', 'The channel is changing too fast for the directory to follow.');
};
