import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Channel } from '../lib/channels/channel.ts';
import { allIds } from '../lib/channels/id-range.ts';
import { counterShards, planChannelWrites } from '../lib/channels/items.ts';
import { keys } from '../lib/channels/keys.ts';
import { pendingChangeKey } from '../lib/channels/pending-change.ts';
import { bucketItem, bucketSize, linkTo } from '../lib/projections/rank-index/count-bucket.ts';
import { suffixEntries } from '../lib/projections/search-index/suffix-entries.ts';
import type { Item } from '../lib/dynamodb/item.ts';
import { foldText } from '../lib/text/fold.ts';
import { tables } from './measured-service.ts';

/** Of all channels, evenly spread, so many bear what the measured queries ask for. */
export const targets = 25;

/** When the first was created and updated; each of the others a millisecond after the one before it. */
export const begin = 1_700_000_000_000;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
export const idOf = (ordinal: number): string =>
  hex(Math.floor((begin + ordinal) / 1000), 8) + hex((begin + ordinal) % 1000, 4) + hex(ordinal, 12);

/** A channel of 289 bytes. */
const channelOf = (namespace: string, ordinal: number, size: number): Channel => {
  const isTarget = ordinal % (size / targets) === 0;
  const number = ordinal.toString(36).padStart(4, '0');
  return {
    _id: idOf(ordinal),
    name: isTarget ? `Target ${number}` : `Shop ${number}`,
    local_name: 'قناة',
    disabled: ordinal % 2 === 1,
    integration_meta: JSON.stringify({
      external_id: `ch_${ordinal}`,
      ...(isTarget && { id: 'shared' }),
      sync: 'x'.repeat(isTarget ? 24 : 40),
    }),
    company_namespace: [namespace],
    updatedAt: begin + ordinal,
    __v: 0,
    writeId: 'abcdefghijkl',
    writtenBy: 'key1',
  };
};

/** The mark that its creation left. */
const markOf = (namespace: string, { _id, name, updatedAt }: Channel): Item => ({
  ...pendingChangeKey(namespace, _id),
  token: '0',
  target: foldText(name),
  entered: [],
  enteredBytes: 0,
  counted: false,
  pendingSince: new Date(updatedAt).toISOString(),
});

const batchSize = 25;
const atOnce = 4;

const writeAll = async (
  client: DynamoDBDocumentClient,
  table: string,
  items: Iterable<Item>,
): Promise<void> => {
  const source = items[Symbol.iterator]();
  const worker = async () => {
    for (;;) {
      const batch: Item[] = [];
      for (let next = source.next(); !next.done; next = source.next())
        if (batch.push(next.value) === batchSize) break;
      if (!batch.length) return;
      const requests = batch.map((Item) => ({ PutRequest: { Item } }));
      await client.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

/**
 * Puts so many channels into a namespace, with all that is derived from them once it is settled.
 * @param waiting how many of them, the latest, have their marks yet
 */
export const fill = async (namespace: string, size: number, waiting = 0): Promise<void> => {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const ordinals = Array.from({ length: size }, (_, ordinal) => ordinal);
  const settled = size - waiting;
  function* channelItems() {
    for (const ordinal of ordinals) {
      const channel = channelOf(namespace, ordinal, size);
      const [copy] = planChannelWrites(undefined, channel, { now: channel.updatedAt, keyId: 'key1' }, 0);
      yield copy?.Put?.Item;
      if (ordinal >= settled) yield markOf(namespace, channel);
    }
    for (let shard = 0; shard < counterShards; shard++)
      yield {
        ...keys.counter(namespace, shard),
        enabled: shard === 0 ? Math.ceil(size / 2) : 0,
        disabled: shard === 0 ? Math.floor(size / 2) : 0,
        changes: 1,
      };
  }
  function* directoryItems() {
    for (let start = 0; start < settled; start += bucketSize) {
      const first = start === 0 ? allIds.first : idOf(start);
      const count = Math.min(bucketSize, settled - start);
      const next = start + bucketSize < settled ? { link: linkTo(idOf(start + bucketSize)) } : {};
      const highest = idOf(start + count - 1);
      yield bucketItem(namespace, { first, highestId: highest, count, version: count, appliedIds: {}, ...next });
    }
    for (const ordinal of ordinals.slice(0, settled)) {
      const { _id, name } = channelOf(namespace, ordinal, size);
      for (const entry of suffixEntries(namespace, _id, foldText(name))) yield { ...entry };
    }
  }
  await writeAll(client, tables.channels, channelItems());
  await writeAll(client, tables.directory, directoryItems());
  client.destroy();
};
