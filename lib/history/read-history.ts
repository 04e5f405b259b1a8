import { notFound } from '../channels/change-rules.ts';
import { readWithTombstone } from '../channels/read-with-tombstone.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages } from '../dynamodb/pages.ts';
import type { Table } from '../dynamodb/table.ts';
import { encodedBytes, maxDataBytes } from '../response-size.ts';
import { type ChannelKey, fromVersionItem, type Version, versionsOf } from './version-items.ts';

export interface HistoryPage {
  /** Newest first. */
  versions: Version[];
  /** The sort key of the last version of the page. Undefined at the end. */
  last: string | undefined;
}

/** @throws ApiError `not_found` if neither the channel nor its tombstone is in the namespace */
const requireKnown = async (channels: Table, { namespace, id }: ChannelKey): Promise<void> => {
  const { channel, tombstone } = await readWithTombstone(channels, namespace, id);
  if (!channel && !tombstone) throw notFound();
};

/**
 * Reads the versions of a channel in a namespace, newest first. A page ends early at 5 MiB.
 * @param after the sort key of the last version of the page before
 * @throws ApiError `not_found` if the namespace never had the channel, as far as is known
 */
export const readHistory = async (
  { channels, history }: { channels: Table; history: Table },
  channel: ChannelKey,
  after: string | undefined,
  perPage: number,
): Promise<HistoryPage> => {
  const query = { ...versionsOf(channel, after), Limit: perPage + 1 };
  const versions: Version[] = [];
  let last: string | undefined;
  let bytes = 0;
  for await (const { items } of pages(history, query))
    for (const item of items as Item[]) {
      const version = fromVersionItem(item);
      bytes += encodedBytes(version);
      if (versions.length === perPage || bytes > maxDataBytes) return { versions, last };
      versions.push(version);
      last = item.sk as string;
    }
  if (!versions.length && after === undefined) await requireKnown(channels, channel);
  return { versions, last: undefined };
};
