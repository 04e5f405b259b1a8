import type { Channel, ChannelsClient } from '../../client/index.ts';

/** A row of the copy. A deleted channel stays as a row without a channel, so that an earlier event can't bring it back. */
export interface Row {
  namespace: string;
  id: string;
  version: number;
  channel: Channel | null;
}

/**
 * Writes a row, unless the copy already has that version of the channel or a later one. So events may come repeatedly and
 * in any order: EventBridge delivers at least once, and keeps no order.
 * @returns whether the copy has changed
 */
export type PutIfNewer = (row: Row) => Promise<boolean>;

/** The fields of an event's detail that this consumer reads. `docs/events.schema.json` describes all of them. */
export interface EventDetail {
  namespace: string;
  version: number;
  channel: Channel | null;
  previous: Channel | null;
}

/** The row that an event leads to. */
export const toRow = ({ namespace, version, channel, previous }: EventDetail): Row => {
  const { _id: id } = (channel ?? previous) as Channel;
  return { namespace, id, version, channel };
};

/**
 * Copies all the channels that a namespace has now. Run it once, after the events flow and before the copy is used: events
 * may come at the same time, because the version decides. It also repairs a copy, except for deleted channels: see the
 * README.
 */
export const backfill = async (
  channels: ChannelsClient,
  namespace: string,
  putIfNewer: PutIfNewer,
): Promise<void> => {
  for await (const channel of channels.all())
    await putIfNewer({ namespace, id: channel._id, version: channel.__v, channel });
};
