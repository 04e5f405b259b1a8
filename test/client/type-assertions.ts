import type {
  ChangeRow,
  Channel,
  ChannelChange,
  ChannelCreation,
  ChannelQuery,
  ChannelsError,
  ErrorCode,
  UpsertErrorCode,
  UpsertRow,
} from '../../client/index.ts';
import type { ChannelChange as ServedChange } from '../../lib/changes/read-changes.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { RowErrorCode } from '../../lib/upsert/row-error.ts';

/**
 * Only the compiler checks this file, in client-types.test.ts and in `npm run lint`. A line below `@ts-expect-error` must
 * not compile.
 */
declare const channel: Channel;
declare const error: ChannelsError;

/** Is `true` only for identical types. Types that are assignable in both directions may differ in an optional field. */
type Identical<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const isDocument: Identical<Channel, ChannelDocument> = true;
// @ts-expect-error an optional field makes another type
export const isDocumentWithNote: Identical<Channel, ChannelDocument & { note?: string }> = true;

export const isServedChange: Identical<ChangeRow, ServedChange> = true;

// A channel, as it was read, is a valid change; a name is enough for a creation.
export const change: ChannelChange = channel;
export const creation: ChannelCreation = { name: channel.name } satisfies Pick<Channel, 'name'>;

// @ts-expect-error a creation needs a name
export const creationWithoutName: ChannelCreation = {};
// @ts-expect-error the service sets the id of a creation
export const creationWithId: ChannelCreation = { name: 'Retail', _id: channel._id };
// @ts-expect-error a name can't be removed
export const changeWithoutName: ChannelChange = { name: null };
export const changeWithoutLocalName: ChannelChange = { local_name: null, integration_meta: null };

export const query: ChannelQuery = { sort: '-name', integration_meta: { nested: { number: 5, flag: true } } };
// @ts-expect-error only fields of a channel are sorted by
export const queryByUnknownField: ChannelQuery = { sort: 'nmae' };
// @ts-expect-error a filter by names is an array
export const queryByOneName: ChannelQuery = { name: 'Retail' };
export const queryBySeveralIds: ChannelQuery = { integration_meta: { external_id: ['ch_1', 2] } };
// @ts-expect-error a condition on metadata is a scalar, an array of scalars, or an object of conditions
export const queryByArrays: ChannelQuery = { integration_meta: { external_id: [['ch_1']] } };

export const isNotFound = error.code === 'not_found';
// @ts-expect-error the codes are a closed set
export const isUnknownCode = error.code === 'no_such_code';

export const rowErrorCodesAreComplete: Identical<Exclude<UpsertErrorCode, ErrorCode>, RowErrorCode> = true;
export const deletion: UpsertRow = { delete: true, integration_meta: { external_id: 'x' } };
// @ts-expect-error a row needs a key
export const rowWithoutKey: UpsertRow = { name: 'Retail' };
