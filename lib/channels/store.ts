import { randomBytes } from 'node:crypto';
import { ApiError } from '../api-error.ts';
import type { Caller } from '../auth/authenticate.ts';
import {
  ConditionFailed,
  TransactionConditionFailed,
  Unavailable,
  WriteContention,
} from '../dynamodb/failures.ts';
import { again, retry } from '../dynamodb/retry.ts';
import type { Table } from '../dynamodb/table.ts';
import type { ChannelPatch, CreateChannelInput } from './body-schema.ts';
import {
  applyPatch,
  checkDeletion,
  existing,
  newChannel,
  type Precondition,
  type WriteContext,
} from './change-rules.ts';
import { type Channel, toDocument } from './channel.ts';
import { newChannelId } from './channel-id.ts';
import type { ChannelDocument } from './document-schema.ts';
import type { CrowdedKeys } from './external-keys.ts';
import { counterShards, fromItem, hasCorrectKeys, type IdempotencyRecord, idempotencyPut } from './items.ts';
import { keys } from './keys.ts';
import type { PatchOf } from './merge-patch.ts';
import { planChannelWrites } from './plan-channel-writes.ts';
import { transactChange } from './transact-change.ts';
import { isInPlace, mayBeInPlace, updateInPlace } from './update-in-place.ts';

const newWriteContext = (caller: Caller): WriteContext => ({
  caller,
  now: Date.now(),
  writeId: randomBytes(9).toString('base64url'),
});

/**
 * A retried write needs the current time: readers of `from_updatedAt` may already be past the first attempt's time. If the
 * clock was set back, the time stays: a lost try of the first attempt that arrives late must find a later time.
 */
const withCurrentTime = (write: WriteContext): WriteContext => ({
  ...write,
  now: Math.max(write.now, Date.now()),
});

const authorOf = ({ now, caller }: WriteContext) => ({ now, keyId: caller.keyId });

const randomShard = () => Math.floor(Math.random() * counterShards);

const readChannel = async (table: Table, namespace: string, id: string): Promise<Channel | undefined> => {
  const item = await table.get(keys.channel(namespace, id));
  return item && fromItem(item);
};

/**
 * Reads one channel, strongly consistent.
 * @throws ApiError `not_found`
 */
export const getChannel = async (table: Table, namespace: string, id: string): Promise<Channel> => {
  return existing(await readChannel(table, namespace, id));
};

/** Identifies a creation: the SHA-256 of the client's key, and of the body in canonical form. */
export interface Idempotency {
  keyHash: string;
  fingerprint: string;
}

export interface CreatedChannel {
  document: ChannelDocument;
  /** Whether an earlier request created the channel, so that this repeats its response. */
  replayed: boolean;
}

/** The response of the earlier request that created a channel with this key. @throws ApiError `idempotency_key_reused` */
const replay = (record: IdempotencyRecord, { fingerprint }: Idempotency): CreatedChannel => {
  if (record.fingerprint !== fingerprint)
    throw new ApiError(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another body: use a new key for another channel.',
    );
  return { document: JSON.parse(record.document), replayed: true };
};

/**
 * Creates a channel with its copies, totals, external keys and idempotency record: all or nothing, in one round trip. (In
 * two, if 20 channels carry one of its external keys.) Each attempt has its own time, and therefore its own id, because an
 * id holds the time of creation.
 * @throws ApiError `forbidden` for a namespace that the caller does not hold; `idempotency_key_reused`
 */
export const createChannel = async (
  table: Table,
  caller: Caller,
  input: CreateChannelInput,
  idempotency: Idempotency | undefined,
): Promise<CreatedChannel> => {
  const draw = (crowded: CrowdedKeys) => {
    const write = newWriteContext(caller);
    const channel = newChannel(input, newChannelId(write.now), write);
    const document = toDocument(channel);
    // The record comes first, because the error of a failed transaction lists its reasons by position.
    const record = idempotency && idempotencyPut(caller.namespace, idempotency, document, write.now);
    const writes = planChannelWrites(undefined, channel, authorOf(write), randomShard(), crowded);
    return { writes: record ? [record, ...writes] : writes, result: document };
  };
  try {
    return { document: await transactChange(table, draw), replayed: false };
  } catch (error) {
    const record =
      idempotency && error instanceof TransactionConditionFailed && error.conditionFailures[0]?.item;
    if (!record) throw error;
    return replay(record as unknown as IdempotencyRecord, idempotency);
  }
};

/**
 * The outcome of one attempt to write: the version that this request wrote, or the channel that it found instead.
 * `mayFollow`: a try that was lost on its way may still arrive. `hasWrongKeys`: the item contradicts its own index keys.
 */
type WriteOutcome =
  | { written: Channel }
  | { found: Channel | undefined; mayFollow?: boolean; hasWrongKeys?: boolean };

const isWrittenBy = (channel: Channel, { writeId }: WriteContext): boolean =>
  channel.writeId === writeId || channel.previousWriteId === writeId;

/** Why the condition of an update in place did not hold: the update was done before, or the channel is another one. */
const explainFailedCondition = (failure: ConditionFailed, write: WriteContext): WriteOutcome => {
  const found = failure.item && fromItem(failure.item);
  // The SDK repeats a write whose response was lost. The repeated write then finds the version that the first one
  // wrote, or the version that another writer made of it. The latter is a correct result too: it contains this
  // change, unless the other writer changed the same field. A client can continue with its ETag. The version in
  // between is not stored anywhere.
  if (found && isWrittenBy(found, write)) return { written: found };
  // Either this write was made, and several others or a deletion followed it, or it was never made. Repeating it could
  // undo the others, and a 404 could deny it.
  if (failure.outcomeUnknown && (!found || found.updatedAt >= write.now)) throw new Unavailable(failure);
  const hasWrongKeys = failure.item && !hasCorrectKeys(failure.item);
  return { found, mayFollow: failure.outcomeUnknown, ...(hasWrongKeys && { hasWrongKeys }) };
};

const tryInPlace = async (
  table: Table,
  id: string,
  patch: ChannelPatch,
  precondition: Precondition,
  write: WriteContext,
  clockIsBehind: boolean,
): Promise<WriteOutcome> => {
  const { namespace } = write.caller;
  try {
    const update = updateInPlace(namespace, id, patch, precondition, write, clockIsBehind);
    const item = await table.update(update, { once: clockIsBehind });
    return { written: fromItem(item) };
  } catch (error) {
    if (error instanceof ConditionFailed) return explainFailedCondition(error, write);
    if (!(error instanceof Unavailable && clockIsBehind)) throw error;
    const latest = await readChannel(table, namespace, id);
    if (!latest || !isWrittenBy(latest, write)) throw error;
    return { written: latest };
  }
};

const contention = (): never => {
  throw new WriteContention();
};

/** @param makeNext makes the next version, as of the time of each attempt; undefined deletes the channel */
const tryTransaction = async (
  table: Table,
  before: Channel,
  makeNext: (write: WriteContext) => Channel | undefined,
  write: WriteContext,
): Promise<WriteOutcome> => {
  const { namespace } = write.caller;
  try {
    const written = await transactChange(table, (crowded) => {
      const current = withCurrentTime(write);
      const after = makeNext(current);
      return {
        writes: planChannelWrites(before, after, authorOf(current), randomShard(), crowded),
        result: after ?? before,
      };
    });
    return { written };
  } catch (error) {
    if (!(error instanceof TransactionConditionFailed)) throw error;
    const { pk, sk } = keys.channel(namespace, before._id);
    const own = error.conditionFailures.find((failure) => failure?.item?.pk === pk && failure.item.sk === sk);
    return { found: own?.item ? fromItem(own.item) : await readChannel(table, namespace, before._id) };
  }
};

/**
 * Changes a channel. If no other item depends on the changed fields, this takes one round trip; otherwise it takes a
 * transaction over all copies. Changes that other requests make meanwhile are kept: the last writer of each field wins.
 * @param change the fields to set. If it is a function, it is called with each version that the write meets, and the write
 * succeeds only on exactly that version.
 * @throws ApiError `not_found`, `forbidden`, `precondition_failed`; WriteContention if other writers were always faster
 */
export const updateChannel = async (
  table: Table,
  caller: Caller,
  id: string,
  change: ChannelPatch | PatchOf,
  precondition: Precondition,
): Promise<Channel> => {
  const write = newWriteContext(caller);
  const dependsOnChannel = typeof change === 'function';
  const patchFor = dependsOnChannel ? change : () => change;
  const conditionFor = ({ __v }: Channel) => (dependsOnChannel ? { versions: [__v] } : precondition);
  let outcome: WriteOutcome =
    !dependsOnChannel && mayBeInPlace(change)
      ? await tryInPlace(table, id, change, precondition, write, false)
      : { found: await readChannel(table, caller.namespace, id) };
  let mayFollow = false;
  const attempt = async (): Promise<Channel | typeof again> => {
    if ('written' in outcome) return outcome.written;
    const found = existing(outcome.found);
    mayFollow ||= outcome.mayFollow ?? false;
    const patch = patchFor(found);
    const current = withCurrentTime(write);
    if (!applyPatch(found, patch, precondition, current)) {
      // There is nothing to change now. But if others change the channel, the lost try changes it back when it arrives.
      if (mayFollow) throw new Unavailable();
      return found;
    }
    outcome =
      isInPlace(found, patch) && !outcome.hasWrongKeys
        ? await tryInPlace(table, id, patch, conditionFor(found), current, found.updatedAt >= current.now)
        : await tryTransaction(
            table,
            found,
            (latest) => applyPatch(found, patch, precondition, latest) ?? found,
            write,
          );
    return 'written' in outcome ? outcome.written : again;
  };
  return retry(attempt, { signal: table.signal, exhausted: contention });
};

/**
 * Deletes a channel from all its namespaces.
 * @returns the channel as it last was
 * @throws ApiError `not_found`, `forbidden`, `precondition_failed`; WriteContention if other writers were always faster
 */
export const deleteChannel = async (
  table: Table,
  caller: Caller,
  id: string,
  precondition: Precondition,
): Promise<Channel> => {
  const write = newWriteContext(caller);
  let found = await readChannel(table, caller.namespace, id);
  const attempt = async (): Promise<Channel | typeof again> => {
    const channel = existing(found);
    checkDeletion(channel, precondition, caller);
    const outcome = await tryTransaction(table, channel, () => undefined, write);
    if ('written' in outcome) return outcome.written;
    found = outcome.found;
    return again;
  };
  return retry(attempt, { signal: table.signal, exhausted: contention });
};
