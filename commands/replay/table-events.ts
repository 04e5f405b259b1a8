import { keys, partitionOf } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { type ChannelEvent, checkEvent } from '../../lib/events/schema.ts';
import { lastEventOf } from '../../lib/events/to-event.ts';
import type { Selection } from './arguments.ts';

async function* itemsOf(table: Table, { namespace, channel }: Selection): AsyncGenerator<Item> {
  if (namespace === undefined) return yield* table.scan();
  if (channel !== undefined) {
    const wanted = [keys.channel(namespace, channel), keys.tombstone(namespace, channel)];
    return yield* await table.batchGet(wanted);
  }
  const partition = {
    KeyConditionExpression: 'pk = :partition',
    ExpressionAttributeValues: { ':partition': partitionOf(namespace) },
    ConsistentRead: true,
  };
  for await (const { items } of pages(table, partition)) yield* items;
}

/** Of each channel and each deletion that the table has, the event of its last change. */
export async function* eventsOfTable(table: Table, selection: Selection): AsyncGenerator<ChannelEvent> {
  for await (const item of itemsOf(table, selection)) {
    const event = lastEventOf(item);
    if (!event) continue;
    checkEvent(event);
    yield event;
  }
}
