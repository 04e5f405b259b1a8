export type { ChangeRow, ChangesOptions, ChangesPage } from './changes.ts';
export type { ChannelQuery, MetaCondition } from './channel-query.ts';
export {
  type CallOptions,
  type ChannelPage,
  ChannelsClient,
  type ClientOptions,
  type WriteOptions,
} from './channels-client.ts';
export { ChannelsError, type ErrorCode, type ErrorDetail, NoResponseError } from './channels-error.ts';
export type {
  Channel,
  ChannelChange,
  ChannelCreation,
  ChannelVersion,
  OwnKey,
  Pagination,
  UpsertRow,
  UpsertSummary,
} from './types.ts';
export type { RowResult, UpsertAnswer, UpsertErrorCode, UpsertOptions } from './upsert.ts';
export type { UpsertedRow, UpsertProgress } from './upsert-all.ts';
