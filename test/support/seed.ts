import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { planChannelWrites } from '../../lib/channels/items.ts';
import type { Service } from './service.ts';

/** When planted channels were created, unless a test says otherwise: 2023-01-15T10:30:00.000Z. */
export const seededAt = 1_673_778_600_000;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** The id of a channel that was created at a time; the ordinal tells those of one millisecond apart, and sorts them. */
export const idAt = (time: number, ordinal: number): string =>
  hex(Math.floor(time / 1000), 8) + hex(time % 1000, 4) + hex(ordinal, 12);

/** A channel as it is stored: what a test is about, and the rest as it is for any. */
export const channelOf = (ordinal: number, fields: Partial<Channel> = {}): Channel => {
  const _id = fields._id ?? idAt(seededAt + ordinal, ordinal);
  return {
    _id,
    name: `Channel ${ordinal}`,
    disabled: false,
    company_namespace: ['company1'],
    updatedAt: seededAt + ordinal,
    __v: 0,
    writeId: 'planted',
    writtenBy: 'planted',
    ...fields,
  };
};

/** Metadata that takes so many bytes as JSON text. */
export const metaOfSize = (bytes: number): string =>
  JSON.stringify({ x: 'x'.repeat(bytes - '{"x":""}'.length) });

const atOnce = 25;

/**
 * Puts channels into the table as a creation would have, each with its copies and totals, but at times of the test's
 * choice, and quickly.
 * @returns what the service is to show of each.
 */
export const seedChannels = async ({ channels: table }: Service, planted: Channel[]): Promise<ChannelDocument[]> => {
  const writes = planted.flatMap((channel, index) =>
    planChannelWrites(undefined, channel, { now: channel.updatedAt, keyId: channel.writtenBy }, index % 8),
  );
  for (let start = 0; start < writes.length; start += atOnce)
    await Promise.all(
      writes.slice(start, start + atOnce).map(({ Put, Update }) => {
        if (Put) return table.put(Put);
        if (Update) return table.update(Update);
        throw new Error('A creation puts and counts, and does nothing else');
      }),
    );
  return planted.map(toDocument);
};
