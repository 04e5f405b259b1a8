import type { Channel } from '../../lib/channels/channel.ts';
import { parseChannelId } from '../../lib/channels/channel-id.ts';
import { fromItem, toItem, tombstonePut } from '../../lib/channels/items.ts';
import { keys, namespaceOf } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Table, Write } from '../../lib/dynamodb/table.ts';

/**
 * Finds all channels that are or should be in several namespaces, with every namespace that may have a copy. A channel that was
 * moved has one namespace in its list, and can still be in the other one too.
 */
const findSharedChannels = async (channels: Table): Promise<[id: string, namespaces: string[]][]> => {
  const found = new Map<string, string[]>();
  for await (const item of channels.scan()) {
    const { pk, sk } = item as { pk: string; sk: string };
    if (parseChannelId(sk) !== sk) continue;
    const { company_namespace: listed } = fromItem(item);
    found.set(sk, [...new Set([...(found.get(sk) ?? []), namespaceOf(pk), ...listed])]);
  }
  return [...found].filter(([, namespaces]) => namespaces.length > 1);
};

const newestOf = (copies: Channel[]): Channel =>
  copies.reduce((newest, copy) => (copy.__v > newest.__v ? copy : newest));

/** The writes that make the copy of one namespace agree with the newest one. */
const uniteWrites = (namespace: string, copy: Channel | undefined, newest: Channel): Write[] => {
  const author = { now: newest.updatedAt, keyId: newest.writtenBy };
  if (!newest.company_namespace.includes(namespace))
    return copy
      ? [{ Delete: { Key: keys.channel(namespace, copy._id) } }, tombstonePut(namespace, copy, author, false)]
      : [];
  if (copy?.__v === newest.__v) return [];
  return [
    { Put: { Item: toItem(namespace, newest) } },
    { Delete: { Key: keys.tombstone(namespace, newest._id) } },
  ];
};

/**
 * Makes all copies of each shared channel the same again. A backup can contain a part of a transaction: then some copies are of
 * the version before, or are missing, or should not be there, and the service would refuse every change of such a channel. The
 * newest copy wins. Nobody else may write to the table. What is derived from the channels must be rebuilt afterwards.
 * @returns how many channels it repaired: also those of which only the versions differed, because an earlier run was interrupted
 * while it raised them
 */
export const uniteCopies = async (channels: Table): Promise<number> => {
  let count = 0;
  for (const [id, namespaces] of await findSharedChannels(channels)) {
    const items = await channels.batchGet(namespaces.map((namespace) => keys.channel(namespace, id)));
    const copies = new Map(items.map((item: Item) => [namespaceOf(item.pk as string), fromItem(item)]));
    const newest = newestOf([...copies.values()]);
    const writes = namespaces.flatMap((namespace) => uniteWrites(namespace, copies.get(namespace), newest));
    if (!writes.length) continue;
    await channels.transact(() => writes);
    count++;
  }
  return count;
};
