import type { Item } from '../dynamodb/item.ts';
import { type pages, pagesWithinBudget } from '../dynamodb/pages.ts';
import type { Query, Table, Write } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { foldText } from '../text/fold.ts';
import type { Channel } from './channel.ts';
import { allIds, type IdRange } from './id-range.ts';
import { itemsBetween, keys, namespaceOf, partitionOf } from './keys.ts';

/**
 * What the directory does not know yet of one channel in one namespace. A change leaves it in its own transaction, since
 * a name has more search entries than a transaction takes; `settle` brings the directory up to date and removes it. Where
 * an id has a mark, readers believe the mark and not the directory.
 */
export interface PendingChange {
  id: string;
  /** Tells this state of the mark from any other, earlier or later. */
  token: string;
  /** The folded name by which the channel is to be found; absent where it is gone. */
  targetName?: string;
  /** The folded names of which entries may exist. */
  indexedNames: string[];
  /** Whether the blocks count the channel. */
  isCounted: boolean;
}

const prefix = '~pending#';

/**
 * Bytes of the names that a channel may have had since it was last settled, which takes a moment as a rule: 3,000 of 20 letters. An
 * item holds 400 KB, and the marks of ten namespaces are written in one transaction of 4 MB.
 */
const maxIndexedBytes = 64 * 1024;

export const pendingChangeKey = (namespace: string, id: string) => ({ pk: partitionOf(namespace), sk: prefix + id });

/** The index in which marks stand alone, by the time since when they wait. */
export const pendingIndex = 'byPending';

export const toPendingChange = (item: Record<string, unknown>): PendingChange => {
  const { sk, token, targetName: target, indexedNames: entered, isCounted: counted } = item as unknown as PendingChange & { sk: string };
  return { id: sk.slice(prefix.length), token, ...(target !== undefined && { targetName: target }), indexedNames: entered, isCounted: counted };
};

/** The channel that a mark's key stands for. */
export const parsePendingChangeKey = ({ pk, sk }: { pk: string; sk: string }) => ({
  namespace: namespaceOf(pk),
  id: sk.slice(prefix.length),
});

/** Holds that a mark is still the one that was read. */
export const tokenUnchanged = (namespace: string, { id, token }: PendingChange) => ({
  ConditionCheck: {
    Key: pendingChangeKey(namespace, id),
    ConditionExpression: '#token = :token',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': token },
  },
});

/** What a mark is to tell; of what an earlier one tells, `counted` stays and names are added to. */
interface PendingChangeInput extends Omit<PendingChange, 'entered'> {
  /** Folded names of which entries may exist. */
  names: string[];
  /** Milliseconds since the epoch; where it waits already, it does since then. */
  now: number;
}

/** The write that leaves a mark, whether there is an earlier one or not. */
export const pendingChangeUpdate = (namespace: string, { id, token, targetName: target, isCounted: counted, names, now }: PendingChangeInput) => ({
  Key: pendingChangeKey(namespace, id),
  UpdateExpression:
    'SET #token = :token, pendingSince = if_not_exists(pendingSince, :now), ' +
    'entered = list_append(if_not_exists(entered, :none), :old), ' +
    'enteredBytes = if_not_exists(enteredBytes, :zero) + :bytes, ' +
    'counted = if_not_exists(counted, :counted)' +
    (target === undefined ? ' REMOVE #target' : ', #target = :target'),
  ExpressionAttributeNames: { '#token': 'token', '#target': 'target' },
  ExpressionAttributeValues: {
    ':token': token,
    ':now': new Date(now).toISOString(),
    ':none': [],
    ':old': names,
    ':zero': 0,
    ':bytes': Buffer.byteLength(names.join('')),
    ':counted': counted,
    ...(target !== undefined && { ':target': target }),
  },
});

/**
 * The write by which a change leaves a mark, or nothing where it is none to the directory. What an earlier mark holds of the
 * directory's state stays; its target is replaced, and joins the names of which entries may exist, since it may have been
 * settled in part. A name that is changed again and again while its mark waits is refused another change, lest the mark grow
 * without end.
 * @param before the channel in the namespace before, absent where it was not there
 * @param after the same after
 * @param now milliseconds since the epoch
 */
export const pendingChangeWrite = (
  namespace: string,
  before: Channel | undefined,
  after: Channel | undefined,
  now: number,
): Write | undefined => {
  const channel = after ?? before;
  const [old, target] = [before, after].map((version) => version && foldText(version.name));
  if (!channel || old === target) return undefined;
  const update = pendingChangeUpdate(namespace, {
    id: channel._id,
    token: `${after ? after.__v : channel.__v + 1}`,
    ...(target !== undefined && { targetName: target }),
    isCounted: old !== undefined,
    names: old === undefined ? [] : [old],
    now,
  });
  if (target === undefined) return { Update: update };
  return {
    Update: {
      ...update,
      ConditionExpression: 'attribute_not_exists(enteredBytes) OR enteredBytes < :most',
      ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ':most': maxIndexedBytes },
    },
  };
};

/** Beyond what one request may read: nothing that is asked can be narrowed by, and the marks go by themselves. */
const projectionsBehind = () =>
  new ApiError(
    'unavailable',
    'More channels have changed of late than the search and the pages know yet: try again in a minute.',
  );

/** Within a request's budget. @throws ApiError `unavailable` beyond it. */
export const pagesOfPendingChanges = (table: Table, query: Query) => pagesWithinBudget(table, query, projectionsBehind);

/**
 * The marks of the channels whose ids lie in a range.
 * @param read the pages to read: those within a request's budget, or as many as there are
 * @throws ApiError as `read` does
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
 * Counts a move: that a channel is about to leave one place among the search entries for another. It is counted before the
 * entries are written, and the mark goes behind them. So whoever reads as many moves before all marks and behind all entries
 * has found each channel where its entries were, or its mark.
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

/** All marks of a namespace, and the moves before them. @throws ApiError `unavailable` where they pass the budget. */
export const readPendingChangesAndEpoch = async (
  channels: Table,
  namespace: string,
): Promise<{ marks: PendingChange[]; moves: number }> => {
  const { sk: epochKey } = keys.reindexEpoch(namespace);
  const items: Item[] = [];
  const query = itemsBetween(namespace, epochKey, prefix + allIds.last);
  for await (const page of pagesOfPendingChanges(channels, query)) items.push(...page.items);
  const [epoch, ...pendingChanges] = items[0]?.sk === epochKey ? items : [undefined, ...items];
  return { marks: (pendingChanges as Item[]).map(toPendingChange), moves: epochIn(epoch) };
};
