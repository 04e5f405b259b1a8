import type { Write } from '../dynamodb/table.ts';
import type { Channel } from './channel.ts';
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
): Write[] => {
  if (before && after) return [{ Put: { Item: toItem(namespace, after), ...versionUnchanged(before) } }];
  if (after)
    return [{ Put: { Item: toItem(namespace, after), ConditionExpression: 'attribute_not_exists(pk)' } }];
  if (before)
    return [
      { Delete: { Key: keys.channel(namespace, before._id), ...versionUnchanged(before) } },
      tombstonePut(namespace, before, author),
    ];
  return [];
};

const planNamespaceWrites = (
  namespace: string,
  from: Channel | undefined,
  to: Channel | undefined,
  author: Author,
  shard: number,
): Write[] => {
  const before = belongsTo(namespace, from) ? from : undefined;
  const after = belongsTo(namespace, to) ? to : undefined;
  const writes = copyWrites(namespace, before, after, author);
  // A channel that existed elsewhere joins this namespace. It may have left it earlier.
  if (from && after && !before) writes.push({ Delete: { Key: keys.tombstone(namespace, after._id) } });
  const [old, now] = [totalsOf(before), totalsOf(after)];
  const change = { enabled: now.enabled - old.enabled, disabled: now.disabled - old.disabled };
  if (change.enabled || change.disabled) writes.push(counterUpdate(namespace, shard, change));
  const pendingChange = pendingChangeWrite(namespace, before, after, author.now);
  if (pendingChange) writes.push(pendingChange);
  return writes;
};

/**
 * Plans all writes that change a channel from one version to the next, to be made together or not at all. `before` is
 * undefined for a creation, `after` for a deletion. The writes are:
 * - a copy of the channel in each of its namespaces, on the condition that the stored version is still `before`;
 * - the totals of each namespace whose totals change;
 * - a tombstone in each namespace that the channel leaves;
 * - a pending change in each namespace where the channel appears, disappears or is renamed.
 *
 * A channel that moves between 10 namespaces and 10 others needs 80 writes. A transaction takes 100.
 * @param shard which counter item takes the change of the totals
 */
export const planChannelWrites = (
  before: Channel | undefined,
  after: Channel | undefined,
  author: Author,
  shard: number,
): Write[] => {
  const namespaces = new Set([...(before?.company_namespace ?? []), ...(after?.company_namespace ?? [])]);
  return [...namespaces].flatMap((namespace) => planNamespaceWrites(namespace, before, after, author, shard));
};
