import type { Item } from '../dynamodb/item.ts';
import type { Write } from '../dynamodb/table.ts';
import { type Channel, type ChannelDocument, toDocument } from './channel.ts';
import { indexKeys } from './index-keys.ts';
import { keys } from './keys.ts';
import { pendingChangeWrite } from './pending-change.ts';

/** Totals are kept in several items, since one alone would take at most 1,000 writes a second. */
export const counterShards = 8;

const daySeconds = 24 * 60 * 60;
/** Seconds for which a deletion is remembered. */
const tombstoneTtlSeconds = 90 * daySeconds;
/** Seconds for which an idempotency key is remembered. */
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

export const isCounter = (item: Item): boolean => (item.sk as string).startsWith('!');

/** How many channels a namespace has, told from its counters. */
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

const tombstonePut = (namespace: string, gone: Channel, by: { now: number; keyId: string }): Write => ({
  Put: {
    Item: {
      ...keys.tombstone(namespace, gone._id),
      deletedAt: by.now,
      writtenBy: by.keyId,
      __v: gone.__v + 1,
      document: JSON.stringify(toDocument(gone)),
      expiresAt: Math.floor(by.now / 1000) + tombstoneTtlSeconds,
    },
  },
});

/** What is remembered of a channel that was deleted, or has left a namespace. */
export interface Tombstone {
  /** Milliseconds since the epoch. */
  deletedAt: number;
  writtenBy: string;
  /** One more than the document's. */
  __v: number;
  /** The channel as it last was. */
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

const planNamespaceWrites = (
  namespace: string,
  before: Channel | undefined,
  after: Channel | undefined,
  by: { now: number; keyId: string },
  shard: number,
): Write[] => {
  const was = belongsTo(namespace, before) ? before : undefined;
  const is = belongsTo(namespace, after) ? after : undefined;
  const writes: Write[] = [];
  if (is && was) writes.push({ Put: { Item: toItem(namespace, is), ...versionUnchanged(was) } });
  if (is && !was) {
    writes.push({ Put: { Item: toItem(namespace, is), ConditionExpression: 'attribute_not_exists(pk)' } });
    if (before) writes.push({ Delete: { Key: keys.tombstone(namespace, is._id) } });
  }
  if (was && !is) {
    writes.push({ Delete: { Key: keys.channel(namespace, was._id), ...versionUnchanged(was) } });
    writes.push(tombstonePut(namespace, was, by));
  }
  const [old, now] = [totalsOf(was), totalsOf(is)];
  const change = { enabled: now.enabled - old.enabled, disabled: now.disabled - old.disabled };
  if (change.enabled || change.disabled) writes.push(counterUpdate(namespace, shard, change));
  const mark = pendingChangeWrite(namespace, was, is, by.now);
  if (mark) writes.push(mark);
  return writes;
};

/**
 * All that must be written, together or not at all, for a channel to become another version (creation: from nothing;
 * deletion: to nothing): a copy in each of its namespaces, the totals of those that gained, lost or toggled it, a
 * tombstone where it is gone, a mark for the directory where it came, went or was renamed. Refused where the stored
 * version is no longer `before`. A channel that moves between 10 namespaces and 10 others makes 80 writes; a transaction
 * takes 100.
 * @param shard which of the counter items takes the change in the totals
 */
export const planChannelWrites = (
  before: Channel | undefined,
  after: Channel | undefined,
  by: { now: number; keyId: string },
  shard: number,
): Write[] => {
  const namespaces = new Set([...(before?.company_namespace ?? []), ...(after?.company_namespace ?? [])]);
  return [...namespaces].flatMap((namespace) => planNamespaceWrites(namespace, before, after, by, shard));
};

/** What is remembered of a creation that carried an `Idempotency-Key`. */
export interface IdempotencyRecord {
  /** SHA-256 of the body in canonical form. */
  fingerprint: string;
  /** The channel as it was answered. */
  document: string;
}

/** Refused, with the record, while the key is remembered; one past its time is dead whether or not it has been swept. */
export const idempotencyPut = (
  namespace: string,
  keyHash: string,
  record: IdempotencyRecord,
  now: number,
): Write => ({
  Put: {
    Item: {
      ...keys.idempotency(namespace, keyHash),
      ...record,
      expiresAt: Math.floor(now / 1000) + idempotencyTtlSeconds,
    },
    ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
    ExpressionAttributeValues: { ':now': Math.floor(now / 1000) },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});
