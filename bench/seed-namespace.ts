import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Channel } from '../lib/channels/channel.ts';
import { allIds } from '../lib/channels/id-range.ts';
import { counterShards } from '../lib/channels/items.ts';
import { keys } from '../lib/channels/keys.ts';
import { planChannelWrites } from '../lib/channels/plan-channel-writes.ts';
import { searchableText } from '../lib/channels/searchable-text.ts';
import type { Item } from '../lib/dynamodb/item.ts';
import { bucketItem, bucketSize, linkTo } from '../lib/projections/rank-index/count-bucket.ts';
import { suffixEntries } from '../lib/projections/search-index/suffix-entries.ts';
import { tables } from './measured-service.ts';
import { externalKeyItems, writeItems } from './write-items.ts';

/** How many channels the measured queries match, spread evenly over the namespace. */
export const matches = 25;

/** When the first channel was created and updated, in milliseconds. Each other channel follows one millisecond later. */
export const startTime = 1_700_000_000_000;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
export const idOf = (ordinal: number): string =>
  hex(Math.floor((startTime + ordinal) / 1000), 8) + hex((startTime + ordinal) % 1000, 4) + hex(ordinal, 12);

/** A channel whose item has 289 bytes. */
export const channelOf = (namespace: string, ordinal: number, size: number): Channel => {
  const isMatch = ordinal % (size / matches) === 0;
  const number = ordinal.toString(36).padStart(4, '0');
  return {
    _id: idOf(ordinal),
    name: isMatch ? `Target ${number}` : `Shop ${number}`,
    local_name: 'قناة',
    disabled: ordinal % 2 === 1,
    integration_meta: JSON.stringify({
      external_id: `ch_${ordinal}`,
      ...(isMatch && { id: 'shared' }),
      sync: 'x'.repeat(isMatch ? 24 : 40),
    }),
    company_namespace: [namespace],
    updatedAt: startTime + ordinal,
    __v: 0,
    writeId: 'abcdefghijkl',
    writtenBy: 'key1',
  };
};

/** The pending change that the creation of a channel leaves. */
const pendingChangeOf = (namespace: string, channel: Channel): Item => ({
  ...keys.pendingChange(namespace, channel._id),
  token: '0',
  target: searchableText(channel),
  indexed: [],
  indexedBytes: 0,
  counted: false,
  pendingSince: new Date(channel.updatedAt).toISOString(),
});

const ordinalsOf = (size: number) => Array.from({ length: size }, (_, ordinal) => ordinal);

/**
 * Writes a number of channels into a namespace, with their totals and external keys, but without projections.
 * @param pending how many channels, the latest ones, have a pending change
 */
export const seedChannels = async (namespace: string, size: number, pending = 0): Promise<void> => {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const ordinals = ordinalsOf(size);
  function* items() {
    for (const ordinal of ordinals) {
      const channel = channelOf(namespace, ordinal, size);
      const [copy] = planChannelWrites(undefined, channel, { now: channel.updatedAt, keyId: 'key1' }, 0);
      yield copy?.Put?.Item as Item;
      if (ordinal >= size - pending) yield pendingChangeOf(namespace, channel);
    }
    yield* externalKeyItems(
      namespace,
      ordinals.map((ordinal) => channelOf(namespace, ordinal, size)),
    );
    for (let shard = 0; shard < counterShards; shard++)
      yield {
        ...keys.counter(namespace, shard),
        enabled: shard === 0 ? Math.ceil(size / 2) : 0,
        disabled: shard === 0 ? Math.floor(size / 2) : 0,
        changes: 1,
      };
  }
  await writeItems(client, tables.channels, items());
  client.destroy();
};

/**
 * Writes a number of channels into a namespace as `seedChannels` does, with the projections of those that were applied.
 * @param pending how many channels, the latest ones, still have a pending change and no projection
 */
export const seedNamespace = async (namespace: string, size: number, pending = 0): Promise<void> => {
  await seedChannels(namespace, size, pending);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const applied = size - pending;
  function* items() {
    for (let start = 0; start < applied; start += bucketSize) {
      const first = start === 0 ? allIds.first : idOf(start);
      const count = Math.min(bucketSize, applied - start);
      const next = start + bucketSize < applied ? { link: linkTo(idOf(start + bucketSize)) } : {};
      const highestId = idOf(start + count - 1);
      yield bucketItem(namespace, { first, highestId, count, version: count, appliedIds: {}, ...next });
    }
    for (const ordinal of ordinalsOf(applied)) {
      const channel = channelOf(namespace, ordinal, size);
      for (const entry of suffixEntries(namespace, channel._id, searchableText(channel))) yield { ...entry };
    }
  }
  await writeItems(client, tables.projections, items());
  client.destroy();
};
