import type { Item } from '../dynamodb/item.ts';
import type { Write } from '../dynamodb/table.ts';
import { type Channel, toDocument } from './channel.ts';
import type { ChannelDocument } from './document-schema.ts';
import { indexKeys } from './index-keys.ts';
import { keys, sortKeyPrefix } from './keys.ts';
import { pendingChangeWrite } from './pending-change.ts';

/** The totals of a namespace are spread over several items, because one item takes at most 1,000 writes a second. */
export const counterShards = 8;

const daySeconds = 24 * 60 * 60;
/** How long a deletion is known. */
const tombstoneTtlSeconds = 90 * daySeconds;
/** How long an `Idempotency-Key` is known (contract, "Idempotency"). */
const idempotencyTtlSeconds = daySeconds;

const toItem = (namespace: string, channel: Channel): Item => {
  const { _id, ...attributes } = channel;
  return { ...keys.channel(namespace, _id), ...attributes, ...indexKeys(channel) };
};

export const fromItem = ({
  pk,
  sk,
  nameKey,
  statusKey,
  externalIdKey,
  metaIdKey,
  ...attributes
}: Item): Channel => ({ _id: sk, ...attributes }) as unknown as Channel;

export const isCounter = (item: Item): boolean => (item.sk as string).startsWith(sortKeyPrefix.counter);

/** How many channels a namespace has, by status. */
export interface Totals {
  enabled: number;
  disabled: number;
}

export const sumCounters = (counters: Item[]): Totals =>
  counters.reduce<Totals>(
    (sum, { enabled = 0, disabled = 0 }) => ({
      enabled: sum.enabled + (enabled as number),
      disabled: sum.disabled + (disabled as number),
    }),
    { enabled: 0, disabled: 0 },
  );

const counterUpdate = (namespace: string, shard: number, change: Totals): Write => ({
  Update: {
    Key: keys.counter(namespace, shard),
    UpdateExpression: 'ADD enabled :enabled, disabled :disabled, changes :one',
    ExpressionAttributeValues: { ':enabled': change.enabled, ':disabled': change.disabled, ':one': 1 },
  },
});

/** Who made a change, and when (milliseconds since the epoch). */
interface Author {
  now: number;
  keyId: string;
}

const tombstonePut = (namespace: string, channel: Channel, author: Author): Write => ({
  Put: {
    Item: {
      ...keys.tombstone(namespace, channel._id),
      deletedAt: author.now,
      writtenBy: author.keyId,
      __v: channel.__v + 1,
      document: JSON.stringify(toDocument(channel)),
      expiresAt: Math.floor(author.now / 1000) + tombstoneTtlSeconds,
    },
  },
});

/** The record of a channel that was deleted or has left a namespace. */
export interface Tombstone {
  /** Milliseconds since the epoch. */
  deletedAt: number;
  writtenBy: string;
  /** The version of the deletion: one more than the version of the document. */
  __v: number;
  /** The channel as it was before the deletion. */
  document: ChannelDocument;
}

export const fromTombstone = (item: Item): Tombstone => {
  const { deletedAt, writtenBy, __v, document } = item as unknown as Tombstone & { document: string };
  return { deletedAt, writtenBy, __v, document: JSON.parse(document) };
};

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

/** The record of a creation that carried an `Idempotency-Key`. */
export interface IdempotencyRecord {
  /** SHA-256 of the body in canonical form. */
  fingerprint: string;
  /** The answered channel, as JSON. */
  document: string;
}

/**
 * Writes the record of a creation. The condition fails, with the stored record, while the key is known. A record past its
 * time has no effect, even if TTL has not removed it yet.
 */
export const idempotencyPut = (
  namespace: string,
  { keyHash, fingerprint }: { keyHash: string; fingerprint: string },
  document: ChannelDocument,
  now: number,
): Write => ({
  Put: {
    Item: {
      ...keys.idempotency(namespace, keyHash),
      fingerprint,
      document: JSON.stringify(document),
      expiresAt: Math.floor(now / 1000) + idempotencyTtlSeconds,
    },
    ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
    ExpressionAttributeValues: { ':now': Math.floor(now / 1000) },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});
