/**
 * What the tables are, said once: the local engine creates them from this, and the deployment too.
 * Attributes that are no key need no definition in DynamoDB, so none is here.
 */
export interface TableDefinition {
  partitionKey: string;
  sortKey?: string;
  /** The attribute in which an item may carry the second (epoch) after which DynamoDB sweeps it. */
  timeToLive?: string;
  /** Whether changes go to a stream, with the item before and after. */
  stream: boolean;
  indexes?: readonly IndexDefinition[];
}

/** A global secondary index: it holds the items that have both its keys. */
export interface IndexDefinition {
  name: string;
  partitionKey: string;
  sortKey?: string;
  /** Keys are text, as the table's own are, unless said otherwise. */
  sortKeyType?: 'number';
  /** What a read of the index finds: whole items, their keys, or those and the attributes named. */
  projection: 'ALL' | 'KEYS_ONLY' | readonly string[];
}

/**
 * Channels, their counters, tombstones, idempotency records and pending marks: a partition a namespace. The indexes hold
 * channels alone, by the keys that `lib/channels/index-keys.ts` gives them, but for the last. Those that lists are in the
 * order of hold whole channels, since a page from keys alone would cost a read for each channel; those by external ids
 * find a few, which are then read from the table.
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
    /** Pending marks alone, of all namespaces: as a rule there are none, and it costs nothing to look. */
    { name: 'byPending', partitionKey: 'pk', sortKey: 'pendingSince', projection: 'KEYS_ONLY' },
  ],
} as const satisfies TableDefinition;

/**
 * What is derived from the channels so that lists cost what their page does: search entries and blocks. They are many,
 * nobody follows their changes, and they can be made anew: hence a table without a stream.
 */
export const projectionsTable: TableDefinition = {
  partitionKey: 'pk',
  sortKey: 'sk',
  stream: false,
};

/** Access keys, by key id. A table of its own, so that no function needs to write where keys are read. */
export const apiKeysTable: TableDefinition = {
  partitionKey: 'id',
  stream: false,
};

/** What the tables of an environment are called; two environments may share an account. */
export const tableNames = (environment: string) => ({
  channels: `client-channels-${environment}`,
  directory: `client-channels-directory-${environment}`,
  accessKeys: `client-channels-access-keys-${environment}`,
});
