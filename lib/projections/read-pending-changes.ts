import { allIds, type IdRange } from '../channels/id-range.ts';
import { itemsBetween, keys, namespaceOf, sortKeyPrefix } from '../channels/keys.ts';
import type { PendingChange } from '../channels/pending-change.ts';
import type { Item } from '../dynamodb/item.ts';
import type { pages } from '../dynamodb/pages.ts';
import type { Table } from '../dynamodb/table.ts';
import { pagesOfPendingChanges } from '../read-budget.ts';

const prefix = sortKeyPrefix.pendingChange;

/** The index that holds only pending changes, by the time at which they were made. */
export const pendingIndex = 'byPending';

export const toPendingChange = (item: Item): PendingChange => {
  const { sk, token, target, indexed, counted } = item;
  return {
    id: (sk as string).slice(prefix.length),
    token: token as string,
    ...(target !== undefined && { targetText: target as string }),
    indexedTexts: indexed as string[],
    isCounted: counted as boolean,
  };
};

/** The namespace and the channel in the key of a pending change. */
export const parsePendingChangeKey = ({ pk, sk }: { pk: string; sk: string }) => ({
  namespace: namespaceOf(pk),
  id: sk.slice(prefix.length),
});

/** Checks, as part of a write, that a pending change is still in the state that was read. */
export const tokenUnchanged = (namespace: string, { id, token }: PendingChange) => ({
  ConditionCheck: {
    Key: keys.pendingChange(namespace, id),
    ConditionExpression: '#token = :token',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': token },
  },
});

/**
 * Reads the pending changes of an id range.
 * @param read gives the pages: those within a request's budget, or all of them
 * @throws the errors of `read`
 */
export const readPendingChanges = async (
  channels: Table,
  namespace: string,
  { first, last }: IdRange = allIds,
  read: typeof pages = pagesOfPendingChanges,
): Promise<PendingChange[]> => {
  const pendingChanges: PendingChange[] = [];
  const query = itemsBetween(namespace, prefix + first, prefix + last);
  for await (const page of read(channels, query)) pendingChanges.push(...page.items.map(toPendingChange));
  return pendingChanges;
};

const epochIn = (item: Item | undefined): number => (item?.n as number | undefined) ?? 0;

/**
 * Increments the re-index epoch of a namespace: a channel is about to move from one text to another among the suffix
 * entries. The epoch grows before the entries are written, and the pending change is removed after them. A reader that
 * finds the same epoch before all pending changes and after all entries has therefore found each channel, either by its
 * suffix entries or by its pending change.
 */
export const incrementReindexEpoch = async (channels: Table, namespace: string): Promise<void> => {
  await channels.update({
    Key: keys.reindexEpoch(namespace),
    UpdateExpression: 'ADD n :one',
    ExpressionAttributeValues: { ':one': 1 },
  });
};

export const readReindexEpoch = async (channels: Table, namespace: string): Promise<number> =>
  epochIn(await channels.get(keys.reindexEpoch(namespace)));

/** Reads all pending changes of a namespace, and the epoch before them. @throws ApiError `unavailable` beyond the budget */
export const readPendingChangesAndEpoch = async (
  channels: Table,
  namespace: string,
): Promise<{ pendingChanges: PendingChange[]; epoch: number }> => {
  const { sk: epochKey } = keys.reindexEpoch(namespace);
  const items: Item[] = [];
  const query = itemsBetween(namespace, epochKey, prefix + allIds.last);
  for await (const page of pagesOfPendingChanges(channels, query)) items.push(...page.items);
  const [epoch, ...others] = items[0]?.sk === epochKey ? items : [undefined, ...items];
  return { pendingChanges: (others as Item[]).map(toPendingChange), epoch: epochIn(epoch) };
};
