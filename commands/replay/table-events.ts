import { keys, partitionOf } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { type ChannelEvent, checkEvent } from '../../lib/events/event-schema.ts';
import { lastEventOf } from '../../lib/events/to-event.ts';
import type { Selection } from './replay-arguments.ts';

async function* readItems(table: Table, { namespace, channel }: Selection): AsyncGenerator<Item> {
  if (namespace === undefined) return yield* table.scan();
  if (channel !== undefined) {
    const both = [keys.channel(namespace, channel), keys.tombstone(namespace, channel)];
    return yield* await table.batchGet(both);
  }
  const partition = {
    KeyConditionExpression: 'pk = :partition',
    ExpressionAttributeValues: { ':partition': partitionOf(namespace) },
    ConsistentRead: true,
  };
  for await (const { items } of pages(table, partition)) yield* items;
}

/** Reads the last event of each channel and of each deleted channel whose tombstone the table still has. */
export async function* readTableEvents(table: Table, selection: Selection): AsyncGenerator<ChannelEvent> {
  for await (const item of readItems(table, selection)) {
    const event = lastEventOf(item);
    if (!event) continue;
    checkEvent(event);
    yield event;
  }
}
