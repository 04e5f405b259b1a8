import { randomBytes } from 'node:crypto';
import type { Caller } from '../auth/authenticate.ts';
import { attempts } from '../dynamodb/retry.ts';
import { ConditionFailed, conflict, TransactionRefused, unavailable } from '../dynamodb/failures.ts';
import type { Table } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type Channel, type ChannelDocument, toDocument } from './channel.ts';
import { newChannelId } from './channel-id.ts';
import { counterShards, fromItem, type IdempotencyRecord, idempotency, transition } from './items.ts';
import { keys } from './keys.ts';
import { type Authorship, create, notFound, type Precondition, remove, update } from './rules.ts';
import type { ChannelDraft, ChannelPatch } from './schema.ts';
import { isInPlace, mayBeInPlace, updateInPlace } from './update-in-place.ts';

const authorship = (caller: Caller): Authorship => ({
  caller,
  now: Date.now(),
  writeId: randomBytes(9).toString('base64url'),
});

/** The same writer, now: a write that is tried again must not bear a time that readers of what is new have passed. */
const afresh = (author: Authorship): Authorship => ({ ...author, now: Date.now() });

const drawShard = () => Math.floor(Math.random() * counterShards);

const read = async (table: Table, namespace: string, id: string): Promise<Channel | undefined> => {
  const item = await table.get(keys.channel(namespace, id));
  return item && fromItem(item);
};

/**
 * Reads one channel as it is now, every answered write included.
 * @throws ApiError `not_found`
 */
export const getChannel = async (table: Table, namespace: string, id: string): Promise<Channel> => {
  const channel = await read(table, namespace, id);
  if (!channel) throw notFound();
  return channel;
};

/** What makes two creations one: the SHA-256 of the client's key, and of the body in canonical form. */
export interface Idempotency {
  keyHash: string;
  fingerprint: string;
}

export interface Creation {
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
  draft: ChannelDraft,
  once: Idempotency | undefined,
): Promise<Creation> => {
  let document!: ChannelDocument;
  try {
    await table.transact(() => {
      const author = authorship(caller);
      const channel = create(draft, newChannelId(author.now), author);
      document = toDocument(channel);
      return [
        ...(once
          ? [
              idempotency(
                caller.namespace,
                once.keyHash,
                { fingerprint: once.fingerprint, document: JSON.stringify(document) },
                author.now,
              ),
            ]
          : []),
        ...transition(undefined, channel, { now: author.now, keyId: caller.keyId }, drawShard()),
      ];
    });
    return { document, replayed: false };
  } catch (error) {
    const earlier = once && error instanceof TransactionRefused && error.refusals[0]?.item;
    if (!earlier) throw error;
    const { fingerprint, document: answered } = earlier as unknown as IdempotencyRecord;
    if (fingerprint !== once.fingerprint)
      throw new ApiError(
        'idempotency_key_reused',
        'This Idempotency-Key was used for another body: use a new key for another channel.',
      );
    return { document: JSON.parse(answered), replayed: true };
  }
};

/** What became of one try to write: the version that now stands by this request's doing, or what stood in its way. */
type Outcome = { written: Channel } | { found: Channel | undefined };

const isWrittenBy = (channel: Channel, { writeId }: Authorship): boolean =>
  channel.writeId === writeId || channel.previousWriteId === writeId;

const tryInPlace = async (
  table: Table,
  id: string,
  patch: ChannelPatch,
  precondition: Precondition,
  author: Authorship,
  clockIsBehind: boolean,
): Promise<Outcome> => {
  try {
    const item = await table.update(
      updateInPlace(author.caller.namespace, id, patch, precondition, author, clockIsBehind),
    );
    return { written: fromItem(item) };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const found = error.item && fromItem(error.item);
    // The SDK repeats a write whose answer was lost; the repetition then meets what the first one wrote, or what another
    // writer has made of that. The latter is answered as it stands: a version that holds this write and the other, whose
    // entity tag is one to go on from. The version in between is stored nowhere.
    if (found && isWrittenBy(found, author)) return { written: found };
    // Either several others have followed this write, or it never arrived: done again, it might undo theirs.
    if (found && error.mayBeDone && found.updatedAt >= author.now) throw unavailable(error);
    return { found };
  }
};

/** @param next the version to come, as it is at the time of a try */
const tryTransition = async (
  table: Table,
  before: Channel,
  next: (author: Authorship) => Channel | undefined,
  author: Authorship,
): Promise<Outcome> => {
  const { caller } = author;
  let after: Channel | undefined;
  try {
    await table.transact(() => {
      const current = afresh(author);
      after = next(current);
      return transition(before, after, { now: current.now, keyId: caller.keyId }, drawShard());
    });
    return { written: after ?? before };
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    const own = keys.channel(caller.namespace, before._id);
    const refusal = error.refusals.find((each) => each?.item?.pk === own.pk && each.item.sk === own.sk);
    return {
      found: refusal?.item ? fromItem(refusal.item) : await read(table, caller.namespace, before._id),
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
  const author = authorship(caller);
  let outcome: Outcome = mayBeInPlace(patch)
    ? await tryInPlace(table, id, patch, precondition, author, false)
    : { found: await read(table, caller.namespace, id) };
  if ('written' in outcome) return outcome.written;
  for await (const _ of attempts(table.signal)) {
    const { found }: { found: Channel | undefined } = outcome;
    const current = afresh(author);
    const wanted = update(found, patch, precondition, current);
    if (!found || wanted === found) return wanted;
    outcome = isInPlace(found, patch)
      ? await tryInPlace(table, id, patch, precondition, current, found.updatedAt >= current.now)
      : await tryTransition(table, found, (current) => update(found, patch, precondition, current), author);
    if ('written' in outcome) return outcome.written;
  }
  throw conflict();
};

/**
 * Deletes a channel from all its namespaces, and answers it as it last was.
 * @throws ApiError `not_found`, `forbidden`, `precondition_failed`; `conflict` when other writers kept getting ahead.
 */
export const deleteChannel = async (
  table: Table,
  caller: Caller,
  id: string,
  precondition: Precondition,
): Promise<Channel> => {
  const author = authorship(caller);
  let outcome: Outcome = { found: await read(table, caller.namespace, id) };
  for await (const _ of attempts(table.signal)) {
    const channel: Channel = remove(outcome.found, precondition, author);
    outcome = await tryTransition(table, channel, () => undefined, author);
    if ('written' in outcome) return outcome.written;
  }
  throw conflict();
};
