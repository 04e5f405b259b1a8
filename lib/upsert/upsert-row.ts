import { ApiError } from '../api-error.ts';
import type { Caller } from '../auth/authenticate.ts';
import type { ChannelPatch } from '../channels/body-schema.ts';
import { applyPatch, changedFields, checkDeletion, newChannel } from '../channels/change-rules.ts';
import { type Channel, toDocument } from '../channels/channel.ts';
import { newChannelId } from '../channels/channel-id.ts';
import type { ChannelDocument } from '../channels/document-schema.ts';
import { planChannelWrites } from '../channels/plan-channel-writes.ts';
import {
  type Change,
  createUnlessCarried,
  deleteKnownChannel,
  updateKnownChannel,
} from '../channels/store.ts';
import { Unavailable, WriteContention } from '../dynamodb/failures.ts';
import { again, retry } from '../dynamodb/retry.ts';
import type { Table } from '../dynamodb/table.ts';
import { carries, externalKeyOfRow, findMatch, type Hint, type Match, type RowKey } from './find-match.ts';
import { checkWhere, isSelectedBy, toNewChannel, toPatch } from './merge-row.ts';
import type { Row, UpsertFields } from './parse-row.ts';
import { RowError } from './row-error.ts';
import type { Where } from './upsert-request.ts';

/** A channel that was not created, because the upsert is a dry run. */
type NewDocument = Omit<ChannelDocument, '_id' | 'createdAt' | 'updatedAt' | '__v'>;

/** What became of a row that did not fail. */
export type RowSuccess =
  | { result: 'created'; _id?: string; __v?: number; channel: ChannelDocument | NewDocument }
  | {
      result: 'updated';
      _id: string;
      __v: number;
      channel: ChannelDocument;
      changed: string[];
      previous?: ChannelDocument;
    }
  | { result: 'unchanged'; _id?: string; __v?: number; channel?: ChannelDocument }
  | { result: 'deleted'; _id: string; __v: number; channel: ChannelDocument };

/** What all rows of an upsert share. */
export interface UpsertContext {
  table: Table;
  caller: Caller;
  where: Where | undefined;
  dryRun: boolean;
}

/** The channel that a row matched no longer carries its key: the row has to be matched again. */
class MatchLost extends Error {}

const withChannel = (channel: Channel) => ({
  _id: channel._id,
  __v: channel.__v,
  channel: toDocument(channel),
});

/** @param previous the channel before a dry run */
const toSuccess = ({ changed, channel }: Change, previous?: Channel): RowSuccess =>
  changed.length
    ? {
        result: 'updated',
        ...withChannel(channel),
        changed,
        ...(previous && { previous: toDocument(previous) }),
      }
    : { result: 'unchanged', ...withChannel(channel) };

/** The write context of a dry run. It writes nothing, so the id of the write is not stored. */
const dryContext = (caller: Caller) => ({ caller, now: Date.now(), writeId: '' });

/** Plans an update and does not make it. @throws ApiError if the real update would be refused, also for its size */
const planUpdate = (caller: Caller, before: Channel, patch: ChannelPatch): Change => {
  const context = dryContext(caller);
  const after = applyPatch(before, patch, undefined, context);
  if (after) planChannelWrites(before, after, { now: context.now, keyId: caller.keyId }, 0);
  return { changed: changedFields(before, patch), channel: after ?? before };
};

/** @returns undefined if another channel carries the key */
const create = async (
  { table, caller, where, dryRun }: UpsertContext,
  fields: UpsertFields,
  key: RowKey,
): Promise<RowSuccess | undefined> => {
  const input = toNewChannel(fields, where);
  if (dryRun) {
    const context = dryContext(caller);
    const planned = toDocument(newChannel(input, newChannelId(context.now), context));
    const { _id, createdAt, updatedAt, __v, ...channel } = planned;
    return { result: 'created', channel };
  }
  const channel = await createUnlessCarried(table, caller, input, externalKeyOfRow(key));
  return channel && { result: 'created', _id: channel._id, __v: channel.__v, channel };
};

const update = async (
  { table, caller, where, dryRun }: UpsertContext,
  fields: UpsertFields,
  key: RowKey,
  channel: Channel,
): Promise<RowSuccess> => {
  const patchOf = (found: Channel) => {
    if (!carries(found, key)) throw new MatchLost();
    return toPatch(fields, found, where);
  };
  if (dryRun) return toSuccess(planUpdate(caller, channel, patchOf(channel)), channel);
  const change = await updateKnownChannel(table, caller, channel, patchOf);
  // After a lost answer, the channel may be another writer's version. A row shows no channel of another key or source.
  if (!carries(change.channel, key) || !isSelectedBy(where, change.channel.integration_meta))
    throw new Unavailable();
  return toSuccess(change);
};

const remove = async (
  { table, caller, where, dryRun }: UpsertContext,
  key: RowKey,
  channel: Channel,
): Promise<RowSuccess> => {
  const check = (found: Channel) => {
    if (!carries(found, key)) throw new MatchLost();
    checkWhere(
      where,
      found.integration_meta,
      'All sources share one set of keys: the channel with this key has another value, or none,',
    );
    checkDeletion(found, undefined, caller);
  };
  if (dryRun) check(channel);
  const last = dryRun ? channel : await deleteKnownChannel(table, caller, channel, check);
  return { result: 'deleted', _id: last._id, __v: last.__v + 1, channel: toDocument(last) };
};

/** @returns undefined if the row has to be matched again */
const applyRow = async (
  context: UpsertContext,
  row: Row,
  key: RowKey,
  match: Match,
): Promise<RowSuccess | undefined> => {
  if ('ambiguous' in match)
    throw new RowError(
      'ambiguous_match',
      `More than one channel carries this key, for example ${match.ambiguous.join(', ')}. Change the key of all but one with PATCH, or delete them by their ids.`,
    );
  const { channel } = match;
  if (row.kind === 'delete') return channel ? remove(context, key, channel) : { result: 'unchanged' };
  return channel ? update(context, row.fields, key, channel) : create(context, row.fields, key);
};

/** Whether the matched channel has changed so much that the row has to be matched again. */
const isMatchLost = (error: unknown): boolean =>
  error instanceof MatchLost || (error instanceof ApiError && error.code === 'not_found');

/**
 * Carries out one row: all of it, or nothing.
 * @param hint what probably matches: see `readHints`. Without it, the match is read
 * @throws ApiError and RowError for a row that is refused; WriteContention, Throttled and Unavailable
 */
export const upsertRow = (
  context: UpsertContext,
  row: Row,
  key: RowKey,
  hint: Hint | undefined,
): Promise<RowSuccess> => {
  const { table, caller } = context;
  let assumed = hint;
  const attempt = async (): Promise<RowSuccess | typeof again> => {
    const match = assumed ?? (await findMatch(table, caller, key));
    // Without a certain match, it is not certain either that the row is a creation. Then its refusal proves nothing.
    const isCertain = !assumed || assumed.channel !== undefined || assumed.isCertain;
    assumed = undefined;
    try {
      return (await applyRow(context, row, key, match)) ?? again;
    } catch (error) {
      const isRefusal = error instanceof ApiError || error instanceof RowError;
      if (isMatchLost(error) || (isRefusal && !isCertain)) return again;
      throw error;
    }
  };
  const exhausted = () => {
    throw new WriteContention();
  };
  return retry(attempt, { signal: table.signal, exhausted });
};
