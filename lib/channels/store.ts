import { randomBytes } from 'node:crypto';
import type { Caller } from '../auth/authenticate.ts';
import { attempts } from '../dynamodb/retry.ts';
import { ConditionFailed, conflict, TransactionConditionFailed, unavailable } from '../dynamodb/failures.ts';
import type { Table } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type Channel, type ChannelDocument, toDocument } from './channel.ts';
import { newChannelId } from './channel-id.ts';
import { counterShards, fromItem, type IdempotencyRecord, idempotencyPut, planChannelWrites } from './items.ts';
import { keys } from './keys.ts';
import { type WriteContext, newChannel, notFound, type Precondition, checkDeletion, applyPatch } from './rules.ts';
import type { CreateChannelInput, ChannelPatch } from './schema.ts';
import { isInPlace, mayBeInPlace, updateInPlace } from './update-in-place.ts';

const newWriteContext = (caller: Caller): WriteContext => ({
  caller,
  now: Date.now(),
  writeId: randomBytes(9).toString('base64url'),
});

/** The same writer, now: a write that is tried again must not bear a time that readers of what is new have passed. */
const withCurrentTime = (write: WriteContext): WriteContext => ({ ...write, now: Date.now() });

const randomShard = () => Math.floor(Math.random() * counterShards);

const readChannel = async (table: Table, namespace: string, id: string): Promise<Channel | undefined> => {
  const item = await table.get(keys.channel(namespace, id));
  return item && fromItem(item);
};

/**
 * Reads one channel as it is now, every answered write included.
 * @throws ApiError `not_found`
 */
export const getChannel = async (table: Table, namespace: string, id: string): Promise<Channel> => {
  const channel = await readChannel(table, namespace, id);
  if (!channel) throw notFound();
  return channel;
};

/** What makes two creations one: the SHA-256 of the client's key, and of the body in canonical form. */
export interface Idempotency {
  keyHash: string;
  fingerprint: string;
}

export interface CreatedChannel {
  document: ChannelDocument;
  /** Whether this answers an earlier request again, as it was answered. */
  replayed: boolean;
}

/**
 * Creates a channel with its copies, totals and idempotency record: all or nothing, in one round trip. A try that comes
 * after a cancelled one has a time of its own, and so an id, since that holds the time.
 * @throws ApiError `forbidden` for a namespace that the caller does not hold; `idempotency_key_reused`.
 */
export const createChannel = async (
  table: Table,
  caller: Caller,
  draft: CreateChannelInput,
  idempotency: Idempotency | undefined,
): Promise<CreatedChannel> => {
  let document!: ChannelDocument;
  try {
    await table.transact(() => {
      const write = newWriteContext(caller);
      const channel = newChannel(draft, newChannelId(write.now), write);
      document = toDocument(channel);
      return [
        ...(idempotency
          ? [
              idempotency(
                caller.namespace,
                idempotency.keyHash,
                { fingerprint: idempotency.fingerprint, document: JSON.stringify(document) },
                write.now,
              ),
            ]
          : []),
        ...planChannelWrites(undefined, channel, { now: write.now, keyId: caller.keyId }, randomShard()),
      ];
    });
    return { document, replayed: false };
  } catch (error) {
    const earlier = idempotency && error instanceof TransactionConditionFailed && error.conditionFailures[0]?.item;
    if (!earlier) throw error;
    const { fingerprint, document: answered } = earlier as unknown as IdempotencyRecord;
    if (fingerprint !== idempotency.fingerprint)
      throw new ApiError(
        'idempotency_key_reused',
        'This Idempotency-Key was used for another body: use a new key for another channel.',
      );
    return { document: JSON.parse(answered), replayed: true };
  }
};

/** What became of one try to write: the version that now stands by this request's doing, or what stood in its way. */
type WriteOutcome = { written: Channel } | { found: Channel | undefined };

const isWrittenBy = (channel: Channel, { writeId }: WriteContext): boolean =>
  channel.writeId === writeId || channel.previousWriteId === writeId;

const tryInPlace = async (
  table: Table,
  id: string,
  patch: ChannelPatch,
  precondition: Precondition,
  write: WriteContext,
  clockIsBehind: boolean,
): Promise<WriteOutcome> => {
  try {
    const item = await table.update(
      updateInPlace(write.caller.namespace, id, patch, precondition, write, clockIsBehind),
    );
    return { written: fromItem(item) };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const found = error.item && fromItem(error.item);
    // The SDK repeats a write whose answer was lost; the repetition then meets what the first one wrote, or what another
    // writer has made of that. The latter is answered as it stands: a version that holds this write and the other, whose
    // entity tag is one to go on from. The version in between is stored nowhere.
    if (found && isWrittenBy(found, write)) return { written: found };
    // Either several others have followed this write, or it never arrived: done again, it might undo theirs.
    if (found && error.outcomeUnknown && found.updatedAt >= write.now) throw unavailable(error);
    return { found };
  }
};

/** @param next the version to come, as it is at the time of a try */
const tryTransaction = async (
  table: Table,
  before: Channel,
  next: (write: WriteContext) => Channel | undefined,
  write: WriteContext,
): Promise<WriteOutcome> => {
  const { caller } = write;
  let after: Channel | undefined;
  try {
    await table.transact(() => {
      const current = withCurrentTime(write);
      after = next(current);
      return planChannelWrites(before, after, { now: current.now, keyId: caller.keyId }, randomShard());
    });
    return { written: after ?? before };
  } catch (error) {
    if (!(error instanceof TransactionConditionFailed)) throw error;
    const own = keys.channel(caller.namespace, before._id);
    const refusal = error.conditionFailures.find((each) => each?.item?.pk === own.pk && each.item.sk === own.sk);
    return {
      found: refusal?.item ? fromItem(refusal.item) : await readChannel(table, caller.namespace, before._id),
    };
  }
};

/**
 * Changes a channel: in one round trip where nothing else depends on what changes, else in a transaction over all its
 * copies. What another request changes meanwhile is kept, field by field; the last writer of a field wins.
 * @throws ApiError `not_found`, `forbidden`, `precondition_failed`; `conflict` when other writers kept getting ahead.
 */
export const updateChannel = async (
  table: Table,
  caller: Caller,
  id: string,
  patch: ChannelPatch,
  precondition: Precondition,
): Promise<Channel> => {
  const write = newWriteContext(caller);
  let outcome: WriteOutcome = mayBeInPlace(patch)
    ? await tryInPlace(table, id, patch, precondition, write, false)
    : { found: await readChannel(table, caller.namespace, id) };
  if ('written' in outcome) return outcome.written;
  for await (const _ of attempts(table.signal)) {
    const { found }: { found: Channel | undefined } = outcome;
    const current = withCurrentTime(write);
    const wanted = applyPatch(found, patch, precondition, current);
    if (!found || wanted === found) return wanted;
    outcome = isInPlace(found, patch)
      ? await tryInPlace(table, id, patch, precondition, current, found.updatedAt >= current.now)
      : await tryTransaction(table, found, (current) => applyPatch(found, patch, precondition, current), write);
    if ('written' in outcome) return outcome.written;
  }
  throw conflict();
};

/**
 * Deletes a channel from all its namespaces, and answers it last was.
 * @throws ApiError `not_found`, `forbidden`, `precondition_failed`; `conflict` when other writers kept getting ahead.
 */
export const deleteChannel = async (
  table: Table,
  caller: Caller,
  id: string,
  precondition: Precondition,
): Promise<Channel> => {
  const write = newWriteContext(caller);
  let outcome: WriteOutcome = { found: await readChannel(table, caller.namespace, id) };
  for await (const _ of attempts(table.signal)) {
    const channel: Channel = checkDeletion(outcome.found, precondition, write);
    outcome = await tryTransaction(table, channel, () => undefined, write);
    if ('written' in outcome) return outcome.written;
  }
  throw conflict();
};
