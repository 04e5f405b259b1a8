import type { Change } from '../dynamodb/stream-record.ts';
import type { Table } from '../dynamodb/table.ts';
import type { ChannelEvent } from '../events/event-schema.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { type ChannelKey, toVersionItem, type Version } from './version-items.ts';

const concurrency = 16;

const typesOfEvents = {
  ChannelCreated: 'created',
  ChannelUpdated: 'updated',
  ChannelDeleted: 'deleted',
} as const satisfies Record<ChannelEvent['detail-type'], Version['type']>;

const channelOf = ({ detail }: ChannelEvent): ChannelKey => ({
  namespace: detail.namespace,
  id: (detail.channel ?? detail.previous)?._id as string,
});

const toVersion = ({ 'detail-type': type, detail }: ChannelEvent, { after }: Change): Version => ({
  version: detail.version,
  at: detail.occurred_at,
  actor: detail.actor,
  type: after?.restoredVersion === detail.version ? 'restored' : typesOfEvents[type],
  changed: detail.changed,
  channel: detail.channel,
});

/**
 * Writes a version for each event. An event that comes twice makes the same version.
 * @param events with the changes that they were made from
 * @param onWritten is called with each event whose version is written
 * @throws Throttled, Unavailable. Some of the versions may be written then
 */
export const writeHistory = async <Event extends { event: ChannelEvent; change: Change }>(
  history: Table,
  events: Event[],
  onWritten: (event: Event) => void = () => undefined,
): Promise<void> => {
  await mapConcurrently(events, concurrency, async (each) => {
    const { event, change } = each;
    await history.put({ Item: toVersionItem(channelOf(event), toVersion(event, change)) });
    onWritten(each);
  });
};
