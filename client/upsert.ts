import type { ErrorCode } from './channels-error.ts';
import type { Channel, UpsertEnvelope, UpsertResult, UpsertRow, UpsertSummary } from './types.ts';

/** How rows are upserted. */
export interface UpsertOptions {
  /** Where the rows carry their keys. By default `integration_meta.external_id`. */
  match?: NonNullable<UpsertEnvelope['match']>;
  /** Returns the results that the rows would have, and writes nothing. */
  dryRun?: boolean;
  /**
   * One path in the metadata with its value, as in `{ 'integration_meta.source': 'sap' }`. No channel with another value is
   * touched. A new channel gets the value.
   */
  where?: NonNullable<UpsertEnvelope['where']>;
}

export type UpsertErrorCode = ErrorCode | 'ambiguous_match' | 'duplicate_in_request' | 'outside_where';

/** The fields that the service sets. A channel that a dry run would create does not have them. */
type SetByService = '_id' | 'createdAt' | 'updatedAt' | '__v';

/** What became of a row. `code`, `error` and `details` say why it failed. */
export interface RowResult extends Omit<UpsertResult, 'channel' | 'previous' | 'code'> {
  /**
   * The channel after the row, or, if it was deleted, before. It may be absent if the channels of one request have more
   * than 5 MiB.
   */
  channel?: Omit<Channel, SetByService> & Partial<Pick<Channel, SetByService>>;
  /** In a dry run: the channel before the update. */
  previous?: Channel;
  code?: UpsertErrorCode;
}

export interface UpsertAnswer {
  /** A result for each row, in their order. */
  data: RowResult[];
  summary: UpsertSummary;
}

export const defaultMatch = 'integration_meta.external_id';

/** The body of a request. */
export const toUpsertBody = (rows: UpsertRow[], { match, dryRun, where }: UpsertOptions) => ({
  ...(match !== undefined && { match }),
  ...(dryRun !== undefined && { dry_run: dryRun }),
  ...(where !== undefined && { where }),
  channels: rows,
});
