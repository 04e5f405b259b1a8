import type { Write } from '../dynamodb/table.ts';
import type { Channel } from './channel.ts';
import { keys } from './keys.ts';
import { searchableText } from './searchable-text.ts';

/**
 * A change of one channel in one namespace that the projections do not contain yet (an outbox record). The transaction
 * of the change writes it, because two names have more suffix entries than a transaction takes items. The projector applies
 * it to the projections and removes it. While it exists, readers use it instead of the projections.
 */
export interface PendingChange {
  id: string;
  /** Differs in every state of the pending change. A writer uses it to check that the state is still the one it read. */
  token: string;
  /** The searchable text by which a search must find the channel. Absent if the channel is gone. */
  targetText?: string;
  /** The searchable texts for which suffix entries may exist. */
  indexedTexts: string[];
  /** Whether the count buckets count the channel. */
  isCounted: boolean;
}

/**
 * The bytes of indexed texts from which on a pending change takes no more: 2,400 names of 20 letters, or half as many pairs
 * of names. As a rule the projector removes it within a second. Two names have up to 17 KB after folding, so a pending
 * change has up to 83 KB (an item holds 400 KB). One transaction (4 MB) may write 20 of them, and the copies and tombstones
 * of the largest channel, which take 2 MB.
 */
const maxIndexedBytes = 48 * 1024;

interface PendingChangeInput extends Omit<PendingChange, 'indexedTexts'> {
  /** Searchable texts for which suffix entries may exist. They are added to those of an earlier pending change. */
  texts: string[];
  /** Milliseconds since the epoch. An earlier pending change keeps its own time. */
  now: number;
}

/**
 * The update that writes a pending change, or adds to an earlier one. An earlier one keeps its `isCounted`, because
 * that describes the projections. The names of the attributes are short, because readers pay for every byte.
 */
export const pendingChangeUpdate = (
  namespace: string,
  { id, token, targetText, isCounted, texts, now }: PendingChangeInput,
) => ({
  Key: keys.pendingChange(namespace, id),
  UpdateExpression:
    'SET #token = :token, pendingSince = if_not_exists(pendingSince, :now), ' +
    '#indexed = list_append(if_not_exists(#indexed, :none), :texts), ' +
    'indexedBytes = if_not_exists(indexedBytes, :zero) + :bytes, ' +
    'counted = if_not_exists(counted, :counted)' +
    (targetText === undefined ? ' REMOVE #target' : ', #target = :target'),
  ExpressionAttributeNames: { '#token': 'token', '#target': 'target', '#indexed': 'indexed' },
  ExpressionAttributeValues: {
    ':token': token,
    ':now': new Date(now).toISOString(),
    ':none': [],
    ':texts': texts,
    ':zero': 0,
    ':bytes': Buffer.byteLength(texts.join('')),
    ':counted': isCounted,
    ...(targetText !== undefined && { ':target': targetText }),
  },
});

/**
 * The write that records a change for the projector, or undefined if the projections do not depend on the change. The
 * target text of an earlier pending change joins the indexed texts, because that change may have been applied in part.
 * If a channel is renamed again and again while its pending change waits, the condition of this write fails at some
 * point, so that the item cannot grow forever.
 * @param before the channel in this namespace before the change; undefined if it was not there
 * @param after the channel in this namespace after the change; undefined if it is gone
 * @param now milliseconds since the epoch
 */
export const pendingChangeWrite = (
  namespace: string,
  before: Channel | undefined,
  after: Channel | undefined,
  now: number,
): Write | undefined => {
  const channel = after ?? before;
  const [oldText, targetText] = [before, after].map((version) => version && searchableText(version));
  if (!channel || oldText === targetText) return undefined;
  const update = pendingChangeUpdate(namespace, {
    id: channel._id,
    token: `${after ? after.__v : channel.__v + 1}`,
    ...(targetText !== undefined && { targetText }),
    isCounted: oldText !== undefined,
    texts: oldText === undefined ? [] : [oldText],
    now,
  });
  if (targetText === undefined) return { Update: update };
  return {
    Update: {
      ...update,
      ConditionExpression: 'attribute_not_exists(indexedBytes) OR indexedBytes < :max',
      ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ':max': maxIndexedBytes },
      // So that the store can tell this failure from that of a channel that is gone.
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
};
