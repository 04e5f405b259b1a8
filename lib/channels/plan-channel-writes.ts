import { ApiError } from '../api-error.ts';
import type { Write } from '../dynamodb/table.ts';
import { maxTransactionItems } from '../dynamodb/transact.ts';
import type { Channel } from './channel.ts';
import { type CrowdedKeys, externalKeyWrites } from './external-keys.ts';
import { type Author, counterUpdate, type Totals, toItem, tombstonePut } from './items.ts';
import { keys } from './keys.ts';
import { pendingChangeWrite } from './pending-change.ts';

const belongsTo = (namespace: string, channel: Channel | undefined): channel is Channel =>
  channel?.company_namespace.includes(namespace) ?? false;

const versionUnchanged = ({ __v }: Channel) =>
  ({
    ConditionExpression: '#v = :v',
    ExpressionAttributeNames: { '#v': '__v' },
    ExpressionAttributeValues: { ':v': __v },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }) as const;

const totalsOf = (there: Channel | undefined): Totals => ({
  enabled: there?.disabled === false ? 1 : 0,
  disabled: there?.disabled === true ? 1 : 0,
});

/** The copy of the channel in one namespace, and its tombstone. */
const copyWrites = (
  namespace: string,
  before: Channel | undefined,
  after: Channel | undefined,
  author: Author,
  isDeletion: boolean,
): Write[] => {
  if (before && after) return [{ Put: { Item: toItem(namespace, after), ...versionUnchanged(before) } }];
  if (after)
    return [{ Put: { Item: toItem(namespace, after), ConditionExpression: 'attribute_not_exists(pk)' } }];
  if (before)
    return [
      { Delete: { Key: keys.channel(namespace, before._id), ...versionUnchanged(before) } },
      tombstonePut(namespace, before, author, isDeletion),
    ];
  return [];
};

const planNamespaceWrites = (
  namespace: string,
  from: Channel | undefined,
  to: Channel | undefined,
  author: Author,
  shard: number,
  crowded: CrowdedKeys,
): Write[] => {
  const before = belongsTo(namespace, from) ? from : undefined;
  const after = belongsTo(namespace, to) ? to : undefined;
  const writes = copyWrites(namespace, before, after, author, to === undefined);
  // A channel that existed elsewhere joins this namespace. It may have left it earlier.
  if (from && after && !before) writes.push({ Delete: { Key: keys.tombstone(namespace, after._id) } });
  const [old, now] = [totalsOf(before), totalsOf(after)];
  const change = { enabled: now.enabled - old.enabled, disabled: now.disabled - old.disabled };
  if (change.enabled || change.disabled) writes.push(counterUpdate(namespace, shard, change));
  const pendingChange = pendingChangeWrite(namespace, before, after, author.now);
  if (pendingChange) writes.push(pendingChange);
  writes.push(...externalKeyWrites(namespace, before, after, crowded));
  return writes;
};

const tooManyItems = () => {
  const message = 'moves the channel between too many namespaces at once: move it in two updates';
  return new ApiError('invalid_request', `This update ${message}.`, {
    details: [{ path: 'company_namespace', message }],
  });
};

/**
 * Plans all writes that change a channel from one version to the next, to be made together or not at all. `before` is
 * undefined for a creation, `after` for a deletion. The writes are:
 * - a copy of the channel in each of its namespaces, on the condition that the stored version is still `before`;
 * - the totals of each namespace whose totals change;
 * - a tombstone in each namespace that the channel leaves;
 * - a pending change in each namespace where the channel appears, disappears or is renamed;
 * - the items of the external keys that it gets or loses in each namespace.
 *
 * A namespace that the channel joins or leaves needs up to 6 writes, and one in which it stays up to 7. A channel is in at
 * most 10 namespaces. So an update that moves it between 12 or fewer fits into a transaction of 100 items.
 * @param shard which counter item takes the change of the totals
 * @param crowded the external keys that have no room for another id
 * @throws ApiError `invalid_request` for a move that needs more than 100 writes
 */
export const planChannelWrites = (
  before: Channel | undefined,
  after: Channel | undefined,
  author: Author,
  shard: number,
  crowded: CrowdedKeys = new Set(),
): Write[] => {
  const namespaces = new Set([...(before?.company_namespace ?? []), ...(after?.company_namespace ?? [])]);
  const writes = [...namespaces].flatMap((namespace) =>
    planNamespaceWrites(namespace, before, after, author, shard, crowded),
  );
  if (writes.length > maxTransactionItems) throw tooManyItems();
  return writes;
};
