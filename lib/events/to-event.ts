import { type Channel, toDocument } from '../channels/channel.ts';
import { parseChannelId } from '../channels/channel-id.ts';
import type { ChannelDocument } from '../channels/document-schema.ts';
import { fromItem, fromTombstone } from '../channels/items.ts';
import { namespaceOf, readTombstoneKey } from '../channels/keys.ts';
import type { Item } from '../dynamodb/item.ts';
import type { Change } from '../dynamodb/stream-record.ts';
import { type ChannelEvent, schemaVersion, source } from './event-schema.ts';

/**
 * The id of an event. A channel has one change of each version in a namespace, so namespace, channel and version identify
 * the change. The type is not part of the id: a replay that knows only the current channel makes the same id.
 */
const idOf = (namespace: string, channelId: string, version: number) =>
  `${namespace}:${channelId}:${version}`;

/** Every change changes these fields, so `changed` leaves them out. */
const fieldsOfEveryChange: readonly string[] = ['updatedAt', '__v'];

const differences = (previous: ChannelDocument, channel: ChannelDocument): string[] => {
  const textIn = (document: ChannelDocument, field: string) =>
    JSON.stringify(document[field as keyof ChannelDocument]);
  const fields = new Set([...Object.keys(previous), ...Object.keys(channel)]);
  return [...fields].filter((field) => textIn(previous, field) !== textIn(channel, field));
};

const detailOf = (namespace: string, { writtenBy }: Channel, document: ChannelDocument) => ({
  schema_version: schemaVersion,
  id: idOf(namespace, document._id, document.__v),
  namespace,
  version: document.__v,
  occurred_at: document.updatedAt,
  actor: writtenBy,
  channel: { ...document },
});

/** Makes the event of a channel that was created in a namespace, or joined it. */
export const creationOf = (namespace: string, item: Item): ChannelEvent => {
  const channel = fromItem(item);
  return {
    source,
    'detail-type': 'ChannelCreated',
    detail: { ...detailOf(namespace, channel, toDocument(channel)), previous: null, changed: [] },
  };
};

/**
 * Makes the event of an updated channel. Returns undefined if the document is unchanged: then only derived attributes
 * changed.
 * @param before undefined if only the current channel is known
 */
export const updateOf = (
  namespace: string,
  before: Item | undefined,
  item: Item,
): ChannelEvent | undefined => {
  const channel = fromItem(item);
  const document = toDocument(channel);
  const previous = before ? toDocument(fromItem(before)) : null;
  const different = previous ? differences(previous, document) : [];
  if (previous && !different.length) return undefined;
  return {
    source,
    'detail-type': 'ChannelUpdated',
    detail: {
      ...detailOf(namespace, channel, document),
      previous: previous && { ...previous },
      changed: different.filter((field) => !fieldsOfEveryChange.includes(field)),
    },
  };
};

/** Makes the event of a channel that was deleted or left a namespace, from its tombstone. */
const deletionOf = (namespace: string, item: Item): ChannelEvent => {
  const { deletedAt, writtenBy, __v, document } = fromTombstone(item);
  return {
    source,
    'detail-type': 'ChannelDeleted',
    detail: {
      schema_version: schemaVersion,
      id: idOf(namespace, document._id, __v),
      namespace,
      version: __v,
      occurred_at: new Date(deletedAt).toISOString(),
      actor: writtenBy,
      channel: null,
      previous: { ...document },
      changed: [],
    },
  };
};

/**
 * Makes the event of a change of an item. Returns undefined if the change is no event. The removal of an item is no
 * event:
 * - The removal of a channel's item only shows who wrote the channel last. The event of a deletion is made from the
 *   tombstone, which shows who deleted it.
 * - A tombstone is removed when it expires or when its channel joins the namespace again.
 * @throws Error if the item of a channel or tombstone does not have the format that the service writes
 */
export const toEvent = ({ pk, sk, before, after }: Change): ChannelEvent | undefined => {
  if (!after) return undefined;
  const namespace = namespaceOf(pk);
  if (readTombstoneKey(sk) !== undefined)
    return before?.__v === after.__v ? undefined : deletionOf(namespace, after);
  if (parseChannelId(sk) !== sk) return undefined;
  return before ? updateOf(namespace, before, after) : creationOf(namespace, after);
};

/**
 * Makes the event of the last change of an item from the item itself, with the id of the original event. Creations, restores
 * and deletions are equal to the original events. Any other change becomes a `ChannelUpdated` without `previous`: the item shows
 * neither the previous document nor whether the channel joined the namespace by this change.
 */
export const lastEventOf = (item: Item): ChannelEvent | undefined => {
  const { pk, sk } = item as { pk: string; sk: string };
  const event = toEvent({ pk, sk, before: undefined, after: item });
  const isCreation = [0, item.restoredVersion].includes(event?.detail.version);
  return event?.['detail-type'] === 'ChannelCreated' && !isCreation
    ? updateOf(namespaceOf(pk), undefined, item)
    : event;
};
