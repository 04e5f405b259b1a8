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

/** A global secondary index. Both keys are text, as the table's own are. */
export interface IndexDefinition {
  name: string;
  partitionKey: string;
  sortKey?: string;
  /** What a read of the index finds: whole items, their keys, or those and the attributes named. */
  projection: 'ALL' | 'KEYS_ONLY' | readonly string[];
}

/** Channels, their counters, tombstones, idempotency records and pending marks: a partition a namespace. */
export const channelsTable: TableDefinition = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'expiresAt',
  stream: true,
  indexes: [
    /** Pending marks alone, of all namespaces: as a rule there are none, and it costs nothing to look. */
    { name: 'byPending', partitionKey: 'pk', sortKey: 'pendingSince', projection: 'KEYS_ONLY' },
  ],
};

/**
 * What is derived from the channels so that lists cost what their page does: search entries and blocks. They are many,
 * nobody follows their changes, and they can be made anew: hence a table without a stream.
 */
export const directoryTable: TableDefinition = {
  partitionKey: 'pk',
  sortKey: 'sk',
  stream: false,
};

/** Access keys, by key id. A table of its own, so that no function needs to write where keys are read. */
export const accessKeysTable: TableDefinition = {
  partitionKey: 'id',
  stream: false,
};

/** What the tables of an environment are called; two environments may share an account. */
export const tableNames = (environment: string) => ({
  channels: `client-channels-${environment}`,
  directory: `client-channels-directory-${environment}`,
  accessKeys: `client-channels-access-keys-${environment}`,
});
