import type { IdRange } from './id-range.ts';

/**
 * A namespace is a partition, so that what another tenant owns can't even be named. Within it `!` sorts before every
 * channel's id and `~` behind them: one Query from `!` to `g` brings the counters and the first page, and nothing
 * else may ever stand between the two.
 */
export const partitionOf = (namespace: string) => `NS#${namespace}`;

export const keys = {
  channel: (namespace: string, id: string) => ({ pk: partitionOf(namespace), sk: id }),
  counter: (namespace: string, shard: number) => ({ pk: partitionOf(namespace), sk: `!count#${shard}` }),
  tombstone: (namespace: string, id: string) => ({ pk: partitionOf(namespace), sk: `~gone#${id}` }),
  idempotency: (namespace: string, keyHash: string) => ({
    pk: partitionOf(namespace),
    sk: `~idempotency#${keyHash}`,
  }),
  /** Right before the marks, so that one query reads both. */
  reindexEpoch: (namespace: string) => ({ pk: partitionOf(namespace), sk: '~moves' }),
};

/** The bounds of what stands in a partition, for Query. */
export const sortKeyBounds = {
  beforeCounters: '!',
  beforeChannels: '0',
  afterChannels: 'g',
};

/** The namespace whose partition this is. */
export const namespaceOf = (partition: string): string => partition.slice(partitionOf('').length);

/** The id of the channel whose tombstone stands under a sort key, or nothing where that is no tombstone's. */
export const readTombstoneKey = (sortKey: string): string | undefined => {
  const { sk: prefix } = keys.tombstone('', '');
  return sortKey.startsWith(prefix) ? sortKey.slice(prefix.length) : undefined;
};

/** A query for what stands in a partition from one sort key to another, as it is now. */
export const itemsBetween = (namespace: string, first: string, last: string) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

/** A query for the channels whose ids lie in a range. */
export const channelsIn = (namespace: string, { first, last }: IdRange) =>
  itemsBetween(namespace, first, last);
