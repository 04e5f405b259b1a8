import { ApiError } from '../api-error.ts';
import type { Caller } from '../auth/authenticate.ts';
import { TransactionConditionFailed, Unavailable, WriteContention } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { again, retry } from '../dynamodb/retry.ts';
import type { Table, Write } from '../dynamodb/table.ts';
import { transact } from '../dynamodb/transact.ts';
import { notFound, requireNamespaces, type WriteContext } from './change-rules.ts';
import type { Channel } from './channel.ts';
import {
  externalKeyItemKey,
  externalKeysIn,
  namespaceOfExternalKeys,
  requireNoCarrier,
  toCarriers,
} from './external-keys.ts';
import { serializeIntegrationMeta } from './integration-meta.ts';
import { type Tombstone, tombstoneTtlSeconds } from './items.ts';
import { keys } from './keys.ts';
import { planChannelWrites } from './plan-channel-writes.ts';
import { readWithTombstone } from './read-with-tombstone.ts';
import { authorOf, newWriteContext, nextShard, withCurrentTime } from './write-context.ts';

/** @throws ApiError `not_found` if nothing was deleted here within 90 days, even if TTL has not removed the tombstone yet */
const restorable = (tombstone: Tombstone | undefined, now: number): Tombstone => {
  const isRestorable = tombstone?.isDeletion && now < tombstone.deletedAt + tombstoneTtlSeconds * 1000;
  if (!isRestorable) throw notFound();
  return tombstone;
};

const storedMeta = (meta: object): string => (serializeIntegrationMeta(meta) as { text: string }).text;

const restored = (
  { document, deletedAt, __v: deletion }: Tombstone,
  { now, writeId, caller }: WriteContext,
): Channel => {
  const { createdAt, updatedAt, integration_meta, ...fields } = document;
  return {
    ...fields,
    ...(integration_meta && { integration_meta: storedMeta(integration_meta) }),
    // The clock of the deletion may have been behind the last version.
    updatedAt: Math.max(now, deletedAt + 1, Date.parse(updatedAt) + 1),
    __v: deletion + 1,
    restoredVersion: deletion + 1,
    writeId,
    writtenBy: caller.keyId,
  };
};

/** Removes the tombstone of a deletion, on the condition that it is still the one that was read. */
const tombstoneDelete = (namespace: string, id: string, { __v }: Tombstone): Write => ({
  Delete: {
    Key: keys.tombstone(namespace, id),
    ConditionExpression: '#v = :v',
    ExpressionAttributeNames: { '#v': '__v' },
    ExpressionAttributeValues: { ':v': __v },
  },
});

const planRestore = (channel: Channel, tombstone: Tombstone, write: WriteContext): Write[] => {
  const { company_namespace: namespaces, integration_meta, _id } = channel;
  const keyItems = namespaces.flatMap((namespace) =>
    externalKeysIn(integration_meta).map((key) => externalKeyItemKey(namespace, key)),
  );
  const creation = planChannelWrites(undefined, channel, authorOf(write), nextShard());
  return [
    ...creation.map((one) => keyItems.reduce(requireNoCarrier, one)),
    ...namespaces.map((namespace) => tombstoneDelete(namespace, _id, tombstone)),
  ];
};

/** The error for a channel whose external key another channel has now. */
const keyIsTaken = (item: Item): ApiError => {
  const [field] = (item.sk as string).split('#');
  const [id] = toCarriers(item).ids;
  const namespace = namespaceOfExternalKeys(item.pk as string);
  const message = `is now that of ${id === undefined ? 'other channels' : `the channel ${id}`} in the namespace "${namespace}"`;
  const path = `integration_meta.${field}`;
  return new ApiError(
    'conflict',
    `The channel was not restored, because its ${path} ${message}. Change or delete that one first.`,
    { details: [{ path, message }] },
  );
};

/** The item of an external key that made a restore fail, because another channel carries the key. */
const takenKeyIn = ({ conditionFailures }: TransactionConditionFailed): Item | undefined =>
  conditionFailures
    .map((failure) => failure?.item)
    .find((item) => item && namespaceOfExternalKeys(item.pk as string) !== undefined);

/**
 * Brings a deleted channel back as it was, in all namespaces that it was deleted from: all or nothing. Reads the channel and
 * its tombstone first. If the channel is there, nothing changes.
 * @throws ApiError `not_found` if the channel was not deleted here within 90 days; `forbidden` if the key does not hold all
 * of its namespaces; `conflict` if another channel has one of its external keys; WriteContention if other writers were
 * always faster
 */
export const restoreChannel = (table: Table, caller: Caller, id: string): Promise<Channel> => {
  const write = newWriteContext(caller);
  // A try that was lost may still arrive when the reason of the refusal is gone.
  let mayFollow = false;
  const attempt = async (): Promise<Channel | typeof again> => {
    const { channel, tombstone } = await readWithTombstone(table, caller.namespace, id);
    if (channel) return channel;
    const deletion = restorable(tombstone, write.now);
    requireNamespaces(caller, [], deletion.document.company_namespace);
    try {
      return await transact(table.session, () => {
        const current = withCurrentTime(write);
        const result = restored(deletion, current);
        return { writes: table.qualify(planRestore(result, deletion, current)), result };
      });
    } catch (error) {
      if (!(error instanceof TransactionConditionFailed)) throw error;
      mayFollow ||= error.outcomeUnknown;
      const taken = takenKeyIn(error);
      if (!taken) return again;
      throw mayFollow ? new Unavailable(error) : keyIsTaken(taken);
    }
  };
  const exhausted = () => {
    throw mayFollow ? new Unavailable() : new WriteContention();
  };
  return retry(attempt, { signal: table.signal, exhausted });
};
