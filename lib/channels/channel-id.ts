import { randomBytes } from 'node:crypto';

/**
 * Makes the id of a new channel, in the format of a MongoDB ObjectId: 12 bytes in hex. 4 bytes are the seconds since 1970,
 * 2 bytes the milliseconds within the second, 6 bytes are random. So ids, as text, sort by the time of their creation, and
 * `createdAt` needs no attribute of its own: it is read from the id.
 * @param createdAt milliseconds since the epoch
 */
export const newChannelId = (createdAt: number): string => {
  const bytes = randomBytes(12);
  bytes.writeUInt32BE(Math.floor(createdAt / 1000), 0);
  bytes.writeUInt16BE(createdAt % 1000, 4);
  return bytes.toString('hex');
};

/** The time of creation of a channel, from its id, in milliseconds since the epoch. */
export const createdAtOf = (id: string): number =>
  Number.parseInt(id.slice(0, 8), 16) * 1000 + Number.parseInt(id.slice(8, 12), 16);

export const channelIdFormat = /^[0-9a-f]{24}$/;

/** Parses an id into the form in which it is stored. Returns undefined for other texts: no channel has such an id. */
export const parseChannelId = (text: string): string | undefined => {
  const id = text.toLowerCase();
  return channelIdFormat.test(id) ? id : undefined;
};
