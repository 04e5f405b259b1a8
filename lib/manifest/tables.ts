/**
 * The definition of a table. The deployment and DynamoDB Local create their tables from it. DynamoDB needs no definition of
 * attributes that are not keys.
 */
export interface TableDefinition {
  partitionKey: string;
  sortKey?: string;
  /** The attribute that holds the second (since the epoch) after which DynamoDB removes an item. */
  timeToLive?: string;
  /** Whether the table has a stream with the items before and after each change. */
  stream: boolean;
  /** Whether all items can be made again from another table. Then this table needs no backup. */
  isDerived?: boolean;
  indexes?: readonly IndexDefinition[];
}

/** A global secondary index. It holds the items that have both of its keys. */
export interface IndexDefinition {
  name: string;
  partitionKey: string;
  sortKey?: string;
  /** Keys are text by default. */
  sortKeyType?: 'number';
  /** The attributes in the index: all, only keys, or the keys and the named attributes. */
  projection: 'ALL' | 'KEYS_ONLY' | readonly string[];
}

/**
 * Channels, their counters, tombstones, idempotency records and pending changes: one partition for each namespace. The
 * external keys of a namespace are in 16 partitions of their own (`lib/channels/external-keys.ts`). The indexes hold only
 * channels, except for the last one; `lib/channels/index-keys.ts` makes their keys. Indexes used for
 * sorting project all attributes, because a page of keys would cost one read for each channel. The indexes by external
 * id are read only for an id that more than 20 channels have; these are then read from the table.
 */
export const channelsTable = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'expiresAt',
  stream: true,
  indexes: [
    { name: 'byName', partitionKey: 'pk', sortKey: 'nameKey', projection: 'ALL' },
    {
      name: 'byUpdatedAt',
      partitionKey: 'pk',
      sortKey: 'updatedAt',
      sortKeyType: 'number',
      projection: 'ALL',
    },
    { name: 'byStatus', partitionKey: 'pk', sortKey: 'statusKey', projection: 'ALL' },
    { name: 'byExternalId', partitionKey: 'pk', sortKey: 'externalIdKey', projection: 'KEYS_ONLY' },
    { name: 'byMetaId', partitionKey: 'pk', sortKey: 'metaIdKey', projection: 'KEYS_ONLY' },
    /** Holds only pending changes, of all namespaces. Usually it is empty, so that reading it costs almost nothing. */
    { name: 'byPending', partitionKey: 'pk', sortKey: 'pendingSince', projection: 'KEYS_ONLY' },
  ],
} as const satisfies TableDefinition;

/**
 * The projections: suffix entries, count buckets and the change log. They are derived from the channels, so that a list costs
 * as much as its page and not as much as the company. They have a table of their own without a stream, because they are
 * many, nobody follows their changes, and `reindex` can rebuild them. (It can't rebuild a change log: it begins a new one,
 * and readers begin again.)
 */
export const projectionsTable: TableDefinition = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'expiresAt',
  stream: false,
  isDerived: true,
};

/**
 * The versions of channels, for a year. They have a table of their own, because nothing can make them again: it has a backup,
 * which the projections do not need.
 */
export const historyTable: TableDefinition = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'expiresAt',
  stream: false,
};

/** API keys, by key id. They have a table of their own, so that no function of the API may write to it. */
export const apiKeysTable: TableDefinition = {
  partitionKey: 'id',
  stream: false,
};

/** The names of the tables of an environment. Two environments may share an AWS account. */
export const tableNames = (environment: string) => ({
  channels: `client-channels-${environment}`,
  projections: `client-channels-projections-${environment}`,
  history: `client-channels-history-${environment}`,
  apiKeys: `client-channels-api-keys-${environment}`,
});
