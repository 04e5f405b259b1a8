import type { Write } from '../dynamodb/table.ts';
import { foldText } from '../text/fold.ts';
import type { Channel } from './channel.ts';
import { keys } from './keys.ts';

/**
 * A change of one channel in one namespace that the projections do not contain yet (an outbox record). The transaction
 * of the change writes it, because a name has more suffix entries than a transaction takes items. The projector applies
 * it to the projections and removes it. While it exists, readers use it instead of the projections.
 */
export interface PendingChange {
  id: string;
  /** Differs in every state of the pending change. A writer uses it to check that the state is still the one it read. */
  token: string;
  /** The folded name under which a search must find the channel. Absent if the channel is gone. */
  targetName?: string;
  /** The folded names for which suffix entries may exist. */
  indexedNames: string[];
  /** Whether the count buckets count the channel. */
  isCounted: boolean;
}

/**
 * The maximum bytes of the names in a pending change: 3,000 names of 20 letters. As a rule the projector removes it
 * within a second. An item holds 400 KB, and one transaction (4 MB) may write pending changes in ten namespaces.
 */
const maxIndexedBytes = 64 * 1024;

interface PendingChangeInput extends Omit<PendingChange, 'indexedNames'> {
  /** Folded names for which suffix entries may exist. They are added to those of an earlier pending change. */
  names: string[];
  /** Milliseconds since the epoch. An earlier pending change keeps its own time. */
  now: number;
}

/**
 * The update that writes a pending change, or adds to an earlier one. An earlier one keeps its `isCounted`, because
 * that describes the projections. The names of the attributes are short, because readers pay for every byte.
 */
export const pendingChangeUpdate = (
  namespace: string,
  { id, token, targetName, isCounted, names, now }: PendingChangeInput,
) => ({
  Key: keys.pendingChange(namespace, id),
  UpdateExpression:
    'SET #token = :token, pendingSince = if_not_exists(pendingSince, :now), ' +
    '#indexed = list_append(if_not_exists(#indexed, :none), :names), ' +
    'indexedBytes = if_not_exists(indexedBytes, :zero) + :bytes, ' +
    'counted = if_not_exists(counted, :counted)' +
    (targetName === undefined ? ' REMOVE #target' : ', #target = :target'),
  ExpressionAttributeNames: { '#token': 'token', '#target': 'target', '#indexed': 'indexed' },
  ExpressionAttributeValues: {
    ':token': token,
    ':now': new Date(now).toISOString(),
    ':none': [],
    ':names': names,
    ':zero': 0,
    ':bytes': Buffer.byteLength(names.join('')),
    ':counted': isCounted,
    ...(targetName !== undefined && { ':target': targetName }),
  },
});

/**
 * The write that records a change for the projector, or undefined if the projections do not depend on the change. The
 * target name of an earlier pending change joins the indexed names, because that change may have been applied in part.
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
  const [oldName, targetName] = [before, after].map((version) => version && foldText(version.name));
  if (!channel || oldName === targetName) return undefined;
  const update = pendingChangeUpdate(namespace, {
    id: channel._id,
    token: `${after ? after.__v : channel.__v + 1}`,
    ...(targetName !== undefined && { targetName }),
    isCounted: oldName !== undefined,
    names: oldName === undefined ? [] : [oldName],
    now,
  });
  if (targetName === undefined) return { Update: update };
  return {
    Update: {
      ...update,
      ConditionExpression: 'attribute_not_exists(indexedBytes) OR indexedBytes < :max',
      ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ':max': maxIndexedBytes },
    },
  };
};
