export {
  type CallOptions,
  type ChannelPage,
  ChannelsClient,
  type ClientOptions,
  type WriteOptions,
} from './channels-client.ts';
export { ChannelsError, type ErrorCode, type ErrorDetail } from './errors.ts';
export type { ChannelQuery, MetaCondition } from './query-string.ts';
export type { Channel, ChannelChange, ChannelCreation, Pagination } from './types.ts';
