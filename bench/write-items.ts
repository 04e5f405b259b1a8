import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Channel } from '../lib/channels/channel.ts';
import { externalKeyItemKey, externalKeysIn, maxCarrierIds } from '../lib/channels/external-keys.ts';
import type { Item } from '../lib/dynamodb/item.ts';

/** DynamoDB takes no larger batch. */
const batchSize = 25;
const concurrency = 8;

/** Writes items into a table, in batches and without conditions. This is several times as fast as transactions. */
export const writeItems = async (
  client: Pick<DynamoDBDocumentClient, 'send'>,
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
  await Promise.all(Array.from({ length: concurrency }, worker));
};

/** The items of the external keys that these channels carry in a namespace. */
export const externalKeyItems = (namespace: string, channels: Iterable<Channel>): Item[] => {
  const carriers = new Map<string, string[]>();
  for (const { _id, integration_meta } of channels)
    for (const key of externalKeysIn(integration_meta))
      carriers.set(key, [...(carriers.get(key) ?? []), _id]);
  return [...carriers].map(([key, ids]) => ({
    ...externalKeyItemKey(namespace, key),
    n: ids.length,
    ids: new Set(ids.slice(0, maxCarrierIds)),
    token: 'seed',
  }));
};
