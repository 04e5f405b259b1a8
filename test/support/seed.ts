import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { ConditionFailed } from '../../lib/dynamodb/failures.ts';
import type { Table, Update } from '../../lib/dynamodb/table.ts';
import type { Service } from './service.ts';

/** The time when seeded channels were created, by default: 2023-01-15T10:30:00.000Z. */
export const seededAt = 1_673_778_600_000;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** The id of a channel that was created at this time. Within one millisecond, the ordinal distinguishes and sorts ids. */
export const idAt = (time: number, ordinal: number): string =>
  hex(Math.floor(time / 1000), 8) + hex(time % 1000, 4) + hex(ordinal, 12);

/** The id of the seeded channel with this ordinal. */
export const seededId = (ordinal: number): string => idAt(seededAt + ordinal, ordinal);

/** A channel as it is stored: with the given fields, and defaults for the others. */
export const channelOf = (ordinal: number, fields: Partial<Channel> = {}): Channel => {
  const _id = fields._id ?? seededId(ordinal);
  return {
    _id,
    name: `Channel ${ordinal}`,
    disabled: false,
    company_namespace: ['company1'],
    updatedAt: seededAt + ordinal,
    __v: 0,
    writeId: 'seed',
    writtenBy: 'seed',
    ...fields,
  };
};

/** Metadata whose JSON text has this many bytes. */
export const metaOfSize = (bytes: number): string =>
  JSON.stringify({ x: 'x'.repeat(bytes - '{"x":""}'.length) });

const concurrency = 25;

/** Makes a planned update. If the item of an external key has no room for another id, it only counts the channel. */
const makeUpdate = async (table: Table, update: Update): Promise<void> => {
  try {
    await table.update(update);
  } catch (error) {
    if (!(error instanceof ConditionFailed && error.item?.ids)) throw error;
    const { ':one': one, ':token': token } = update.ExpressionAttributeValues ?? {};
    await table.update({
      Key: update.Key,
      UpdateExpression: 'SET #token = :token ADD n :one',
      ExpressionAttributeNames: { '#token': 'token' },
      ExpressionAttributeValues: { ':one': one, ':token': token },
    });
  }
};

/**
 * Writes channels into the table as creations do: copies, counters, pending changes and external keys. It is faster than creating them
 * over HTTP, and the test chooses their times.
 * @returns the documents that the service must show
 */
export const seedChannels = async (
  { channels: table }: Service,
  seeded: Channel[],
): Promise<ChannelDocument[]> => {
  const writes = seeded.flatMap((channel, index) =>
    planChannelWrites(undefined, channel, { now: channel.updatedAt, keyId: channel.writtenBy }, index % 8),
  );
  for (let start = 0; start < writes.length; start += concurrency)
    await Promise.all(
      writes.slice(start, start + concurrency).map(({ Put, Update }) => {
        // Without its condition, a put can be sent again if its answer is late.
        if (Put) return table.put({ Item: Put.Item });
        if (Update) return makeUpdate(table, Update);
        throw new Error('A creation only puts and updates');
      }),
    );
  return seeded.map(toDocument);
};
