import type { Table } from '../dynamodb/table.ts';
import type { Channel } from './channel.ts';
import { fromItem, fromTombstone, type Tombstone } from './items.ts';
import { keys } from './keys.ts';

/** What a namespace knows of an id. */
interface ChannelOrTombstone {
  channel: Channel | undefined;
  tombstone: Tombstone | undefined;
}

const readBoth = async (table: Table, namespace: string, id: string): Promise<ChannelOrTombstone> => {
  const tombstoneKey = keys.tombstone(namespace, id);
  const items = await table.batchGet([keys.channel(namespace, id), tombstoneKey]);
  const tombstone = items.find(({ sk }) => sk === tombstoneKey.sk);
  const item = items.find(({ sk }) => sk === id);
  return { channel: item && fromItem(item), tombstone: tombstone && fromTombstone(tombstone) };
};

/**
 * Reads a channel and its tombstone, strongly consistent. DynamoDB reads the two items one after the other. A write in between
 * that puts one in place of the other can hide both. So if neither is found, both are read once more.
 */
export const readWithTombstone = async (
  table: Table,
  namespace: string,
  id: string,
): Promise<ChannelOrTombstone> => {
  const found = await readBoth(table, namespace, id);
  return found.channel || found.tombstone ? found : readBoth(table, namespace, id);
};
