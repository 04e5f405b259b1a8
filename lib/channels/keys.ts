import type { IdRange } from './id-range.ts';

/** The partition of a namespace. It holds everything of one tenant, so that a key cannot name another tenant's channel. */
export const partitionOf = (namespace: string) => `${partitionPrefix}${namespace}`;

/** Begins the partition key of everything that belongs to a namespace. */
export const partitionPrefix = 'NS#';

/**
 * Begins the sort keys of the items that are not channels. A channel's sort key is its id. `!` sorts before every id,
 * and `~` after them: one Query from `!` to `g` reads the counters and the first page. No other item may sort between
 * these.
 */
export const sortKeyPrefix = {
  counter: '!count#',
  idempotency: '~idempotency#',
  pendingChange: '~pending#',
  tombstone: '~tombstone#',
};

export const keys = {
  channel: (namespace: string, id: string) => ({ pk: partitionOf(namespace), sk: id }),
  counter: (namespace: string, shard: number) => ({
    pk: partitionOf(namespace),
    sk: `${sortKeyPrefix.counter}${shard}`,
  }),
  idempotency: (namespace: string, keyHash: string) => ({
    pk: partitionOf(namespace),
    sk: sortKeyPrefix.idempotency + keyHash,
  }),
  pendingChange: (namespace: string, id: string) => ({
    pk: partitionOf(namespace),
    sk: sortKeyPrefix.pendingChange + id,
  }),
  /** Sorts directly before the pending changes, so that one Query reads both. */
  reindexEpoch: (namespace: string) => ({ pk: partitionOf(namespace), sk: '~pending!epoch' }),
  tombstone: (namespace: string, id: string) => ({
    pk: partitionOf(namespace),
    sk: sortKeyPrefix.tombstone + id,
  }),
};

/**
 * The item that is written again and again, so that the stream always has something to deliver. It is in no namespace and in
 * no index.
 */
export const heartbeatKey = { pk: 'HEARTBEAT', sk: 'HEARTBEAT' };

/** Bounds for a Query of the items of a partition. */
export const sortKeyBounds = {
  beforeCounters: '!',
  beforeChannels: '0',
  afterChannels: 'g',
};

/** The namespace of a partition key. */
export const namespaceOf = (partition: string): string => partition.slice(partitionPrefix.length);

/** The channel's id in the sort key of a tombstone, or undefined for any other sort key. */
export const readTombstoneKey = (sortKey: string): string | undefined =>
  sortKey.startsWith(sortKeyPrefix.tombstone) ? sortKey.slice(sortKeyPrefix.tombstone.length) : undefined;

/** A strongly consistent query for the items of a partition from one sort key to another, both included. */
export const itemsBetween = (namespace: string, first: string, last: string) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

/** A strongly consistent query for the channels of an id range. */
export const channelsIn = (namespace: string, { first, last }: IdRange) =>
  itemsBetween(namespace, first, last);

/** A strongly consistent query for the counters of a namespace. */
export const countersOf = (namespace: string) =>
  itemsBetween(namespace, sortKeyBounds.beforeCounters, sortKeyBounds.beforeChannels);
