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
import type { ChannelPatch, CreateChannelInput, PatchOf } from './body-schema.ts';
import {
  applyPatch,
  type ChangeableField,
  changedFields,
  checkDeletion,
  existing,
  newChannel,
  type Precondition,
  type WriteContext,
} from './change-rules.ts';
import { type Channel, toDocument } from './channel.ts';
import { newChannelId } from './channel-id.ts';
import type { ChannelDocument } from './document-schema.ts';
import { type CrowdedKeys, externalKeyItemKey, requireNoCarrier } from './external-keys.ts';
import { fromItem, hasCorrectKeys, type IdempotencyRecord, idempotencyPut } from './items.ts';
import { keys } from './keys.ts';
import { planChannelWrites } from './plan-channel-writes.ts';
import { transactChange } from './transact-change.ts';
import { isInPlace, mayBeInPlace, updateInPlace } from './update-in-place.ts';
import { authorOf, newWriteContext, nextShard, withCurrentTime } from './write-context.ts';

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

/** Plans one attempt to create a channel. Each has its own time, and therefore its own id: an id holds the time of creation. */
const planCreation = (caller: Caller, input: CreateChannelInput, crowded: CrowdedKeys) => {
  const write = newWriteContext(caller);
  const channel = newChannel(input, newChannelId(write.now), write);
  const writes = planChannelWrites(undefined, channel, authorOf(write), nextShard(), crowded);
  return { writes, document: toDocument(channel), now: write.now };
};

/**
 * Creates a channel with its copies, totals, external keys and idempotency record: all or nothing, in one round trip. (In
 * two, if 20 channels carry one of its external keys.)
 * @throws ApiError `forbidden` for a namespace that the caller does not hold; `idempotency_key_reused`
 */
export const createChannel = async (
  table: Table,
  caller: Caller,
  input: CreateChannelInput,
  idempotency: Idempotency | undefined,
): Promise<CreatedChannel> => {
  const draw = (crowded: CrowdedKeys) => {
    const { writes, document, now } = planCreation(caller, input, crowded);
    // The record comes first, because the error of a failed transaction lists its reasons by position.
    const record = idempotency && idempotencyPut(caller.namespace, idempotency, document, now);
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
 * Creates a channel, unless a channel of the caller's namespace carries one of its external keys. Any number of such
 * creations can run at once: one succeeds.
 * @param externalKey this one. Another external key of the channel may have other carriers
 * @returns undefined if another channel carries the key
 * @throws ApiError `forbidden` for a namespace that the caller does not hold
 */
export const createUnlessCarried = async (
  table: Table,
  caller: Caller,
  input: CreateChannelInput,
  externalKey: string,
): Promise<ChannelDocument | undefined> => {
  const item = externalKeyItemKey(caller.namespace, externalKey);
  try {
    return await transactChange(table, (crowded) => {
      const { writes, document } = planCreation(caller, input, crowded);
      return { writes: writes.map((write) => requireNoCarrier(write, item)), result: document };
    });
  } catch (error) {
    if (!(error instanceof TransactionConditionFailed)) throw error;
    // A try that was lost may still arrive once the key is free again.
    if (error.outcomeUnknown) throw new Unavailable(error);
    return undefined;
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
        writes: planChannelWrites(before, after, authorOf(current), nextShard(), crowded),
        result: after ?? before,
      };
    });
    return { written };
  } catch (error) {
    if (!(error instanceof TransactionConditionFailed)) throw error;
    const failures = error.conditionFailures.filter((failure) => failure !== undefined);
    // If the channel still has this version, another item refused the change. A lost try may arrive once there is room there.
    const hasOtherVersion = failures.some(({ item }) => !item || item.sk === before._id);
    if (error.outcomeUnknown && !hasOtherVersion) throw new Unavailable(error);
    const { pk, sk } = keys.channel(namespace, before._id);
    const own = failures.find(({ item }) => item?.pk === pk && item.sk === sk);
    return { found: own?.item ? fromItem(own.item) : await readChannel(table, namespace, before._id) };
  }
};

/** What a write changed. */
export interface Change {
  /** The fields that the write changed: none if it wrote nothing. */
  changed: ChangeableField[];
  /** The channel afterwards. After a lost answer, it may contain the next write of somebody else. */
  channel: Channel;
}

/**
 * Changes a channel that an earlier attempt has found.
 * @param first the outcome of that attempt
 * @param patchOf is called with each version that the write meets
 * @param conditionOf the versions on which the write may be made, if it was planned for this one
 */
const changeFound = (
  table: Table,
  write: WriteContext,
  first: Exclude<WriteOutcome, { written: Channel }>,
  patchOf: PatchOf,
  precondition: Precondition,
  conditionOf: (found: Channel) => Precondition,
): Promise<Change> => {
  let outcome = first;
  let mayFollow = false;
  const attempt = async (): Promise<Change | typeof again> => {
    const found = existing(outcome.found);
    mayFollow ||= outcome.mayFollow ?? false;
    const patch = patchOf(found);
    const current = withCurrentTime(write);
    if (!applyPatch(found, patch, precondition, current)) {
      // There is nothing to change now. But if others change the channel, the lost try changes it back when it arrives.
      if (mayFollow) throw new Unavailable();
      return { changed: [], channel: found };
    }
    const next =
      isInPlace(found, patch) && !outcome.hasWrongKeys
        ? await tryInPlace(
            table,
            found._id,
            patch,
            conditionOf(found),
            current,
            found.updatedAt >= current.now,
          )
        : await tryTransaction(
            table,
            found,
            (latest) => applyPatch(found, patch, precondition, latest) ?? found,
            write,
          );
    if ('written' in next) return { changed: changedFields(found, patch), channel: next.written };
    outcome = next;
    return again;
  };
  return retry(attempt, { signal: table.signal, exhausted: contention });
};

const exactly = ({ __v }: Channel): Precondition => ({ versions: [__v] });

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
  if (typeof change === 'function') {
    const found = await readChannel(table, caller.namespace, id);
    return (await changeFound(table, write, { found }, change, precondition, exactly)).channel;
  }
  const first: WriteOutcome = mayBeInPlace(change)
    ? await tryInPlace(table, id, change, precondition, write, false)
    : { found: await readChannel(table, caller.namespace, id) };
  if ('written' in first) return first.written;
  return (
    await changeFound(
      table,
      write,
      first,
      () => change,
      precondition,
      () => precondition,
    )
  ).channel;
};

/**
 * Changes a channel that the caller has read. Otherwise like `updateChannel`.
 * @param patchOf is called with each version that the write meets, and the write succeeds only on exactly that version
 */
export const updateKnownChannel = (
  table: Table,
  caller: Caller,
  known: Channel,
  patchOf: PatchOf,
): Promise<Change> =>
  changeFound(table, newWriteContext(caller), { found: known }, patchOf, undefined, exactly);

/**
 * Deletes a channel that the caller has read, from all its namespaces.
 * @param check is called with each version that the write meets. It throws if this one must stay; see `checkDeletion`
 * @returns the channel as it last was
 * @throws ApiError `not_found`; WriteContention if other writers were always faster
 */
export const deleteKnownChannel = (
  table: Table,
  caller: Caller,
  known: Channel | undefined,
  check: (found: Channel) => void,
): Promise<Channel> => {
  const write = newWriteContext(caller);
  let found = known;
  const attempt = async (): Promise<Channel | typeof again> => {
    const channel = existing(found);
    check(channel);
    const outcome = await tryTransaction(table, channel, () => undefined, write);
    if ('written' in outcome) return outcome.written;
    found = outcome.found;
    return again;
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
): Promise<Channel> =>
  deleteKnownChannel(table, caller, await readChannel(table, caller.namespace, id), (found) =>
    checkDeletion(found, precondition, caller),
  );
