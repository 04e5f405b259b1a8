import type { Item } from '../dynamodb/item.ts';
import type { Write } from '../dynamodb/table.ts';
import { type Channel, toDocument } from './channel.ts';
import type { ChannelDocument } from './document-schema.ts';
import { indexKeys } from './index-keys.ts';
import { keys, sortKeyPrefix } from './keys.ts';

/** The totals of a namespace are spread over several items, because one item takes at most 1,000 writes a second. */
export const counterShards = 8;

const daySeconds = 24 * 60 * 60;
/** How long a tombstone is kept, and a deletion can be undone. */
export const tombstoneTtlSeconds = 90 * daySeconds;
/** How long an `Idempotency-Key` has an effect, as the description of the API promises. */
const idempotencyTtlSeconds = daySeconds;

export const toItem = (namespace: string, channel: Channel): Item => {
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

/** The attributes of a channel's item that are keys of indexes and derived from the channel. */
export const indexKeyAttributes = ['nameKey', 'statusKey', 'externalIdKey', 'metaIdKey'] as const;

/** Whether the index keys of a channel's item are those that the channel must have. */
export const hasCorrectKeys = (item: Item): boolean => {
  const wanted: Partial<Record<(typeof indexKeyAttributes)[number], string>> = indexKeys(fromItem(item));
  return indexKeyAttributes.every((attribute) => item[attribute] === wanted[attribute]);
};

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

/** Changes one of the counters. `changes` counts these updates, so that a recount notices them. */
export const counterUpdate = (namespace: string, shard: number, change: Totals): Write => ({
  Update: {
    Key: keys.counter(namespace, shard),
    UpdateExpression: 'ADD enabled :enabled, disabled :disabled, changes :one',
    ExpressionAttributeValues: { ':enabled': change.enabled, ':disabled': change.disabled, ':one': 1 },
  },
});

/** Who made a change, and when (milliseconds since the epoch). */
export interface Author {
  now: number;
  keyId: string;
}

/** @param isDeletion whether the channel was deleted, and did not only leave the namespace */
export const tombstonePut = (
  namespace: string,
  channel: Channel,
  author: Author,
  isDeletion: boolean,
): Write => ({
  Put: {
    Item: {
      ...keys.tombstone(namespace, channel._id),
      deletedAt: author.now,
      writtenBy: author.keyId,
      __v: channel.__v + 1,
      document: JSON.stringify(toDocument(channel)),
      ...(isDeletion && { isDeletion }),
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
  /** Whether the channel was deleted. Otherwise it left the namespace, and can't be restored from here. */
  isDeletion: boolean;
}

export const fromTombstone = (item: Item): Tombstone => {
  const {
    deletedAt,
    writtenBy,
    __v,
    document,
    isDeletion = false,
  } = item as unknown as Tombstone & { document: string };
  return { deletedAt, writtenBy, __v, document: JSON.parse(document), isDeletion };
};

/** The record of a creation that carried an `Idempotency-Key`. */
export interface IdempotencyRecord {
  /** SHA-256 of the body in canonical form. */
  fingerprint: string;
  /** The channel in the response, as JSON. */
  document: string;
}

/**
 * Writes the record of a creation. The condition fails if a record with the same key exists and has not expired; the
 * failure then contains that record. An expired record has no effect, even if TTL has not removed it yet.
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
