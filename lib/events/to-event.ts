import { type Channel, type ChannelDocument, toDocument } from '../channels/channel.ts';
import { readChannelId } from '../channels/channel-id.ts';
import { fromItem, fromTombstone } from '../channels/items.ts';
import { namespaceOf, readTombstoneKey } from '../channels/keys.ts';
import type { Item } from '../dynamodb/item.ts';
import type { Change } from '../dynamodb/stream-record.ts';
import { type ChannelEvent, schemaVersion, source } from './schema.ts';

/**
 * A namespace's channel has one change of each version, so the three name the change, whatever kind it is of: a replay
 * that knows only the channel as it is gives the same id.
 */
const idOf = (namespace: string, channelId: string, version: number) =>
  `${namespace}:${channelId}:${version}`;

/** Not told as changed: every change changes them. */
const fieldsOfEveryChange: readonly string[] = ['updatedAt', '__v'];

const differences = (previous: ChannelDocument, channel: ChannelDocument): string[] => {
  const textIn = (document: ChannelDocument, field: string) =>
    JSON.stringify(document[field as keyof ChannelDocument]);
  const fields = new Set([...Object.keys(previous), ...Object.keys(channel)]);
  return [...fields].filter((field) => textIn(previous, field) !== textIn(channel, field));
};

const channelFields = (namespace: string, { writtenBy }: Channel, document: ChannelDocument) => ({
  schema_version: schemaVersion,
  id: idOf(namespace, document._id, document.__v),
  namespace,
  version: document.__v,
  occurred_at: document.updatedAt,
  actor: writtenBy,
  channel: { ...document },
});

/** A channel came into a namespace: by its creation, or by joining. */
export const creationOf = (namespace: string, item: Item): ChannelEvent => {
  const channel = fromItem(item);
  return {
    source,
    'detail-type': 'ChannelCreated',
    detail: { ...channelFields(namespace, channel, toDocument(channel)), previous: null, changed: [] },
  };
};

/**
 * A channel was changed; where nothing of its document was, derived attributes perhaps, that is no event.
 * @param before absent where only the channel as it is now is known
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
      ...channelFields(namespace, channel, document),
      previous: previous && { ...previous },
      changed: different.filter((field) => !fieldsOfEveryChange.includes(field)),
    },
  };
};

/** A channel left a namespace, or was deleted: told from the tombstone that it left. */
export const deletionOf = (namespace: string, item: Item): ChannelEvent => {
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
 * The event that a change of an item is, or nothing. An item that goes is none: a deletion is told by its tombstone,
 * since the record of a copy's removal shows who wrote it last, not who deleted it; and a tombstone that goes has been
 * kept for its time, or its channel has joined again.
 * @throws Error where a channel's or tombstone's item is not what the service writes.
 */
export const toEvent = ({ pk, sk, before, after }: Change): ChannelEvent | undefined => {
  if (!after) return undefined;
  const namespace = namespaceOf(pk);
  if (readTombstoneKey(sk) !== undefined)
    return before?.__v === after.__v ? undefined : deletionOf(namespace, after);
  if (readChannelId(sk) !== sk) return undefined;
  return before ? updateOf(namespace, before, after) : creationOf(namespace, after);
};

/**
 * The event of the last change that an item tells of, as far as it can be told from the item alone, under the id that it
 * had: a creation and a deletion as they were; of any other change the channel as it is now, since neither what was
 * before nor whether it joined the namespace by it stands in the item.
 */
export const lastEventOf = (item: Item): ChannelEvent | undefined => {
  const { pk, sk } = item as { pk: string; sk: string };
  const event = toEvent({ pk, sk, before: undefined, after: item });
  const isCreation = event?.detail.version === 0;
  return event?.['detail-type'] === 'ChannelCreated' && !isCreation
    ? updateOf(namespaceOf(pk), undefined, item)
    : event;
};
