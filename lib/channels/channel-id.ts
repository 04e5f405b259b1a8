import { randomBytes } from 'node:crypto';

/**
 * A channel's id has the form of a MongoDB ObjectId, 12 bytes in hex: 4 bytes of seconds since 1970, then 2 bytes of the
 * milliseconds within the second, then 6 random ones. So ids sort, as text, in the order of their creation, and an id
 * holds the time of its creation: it is stored nowhere else.
 */
export const newChannelId = (createdAt: number): string => {
  const bytes = randomBytes(12);
  bytes.writeUInt32BE(Math.floor(createdAt / 1000), 0);
  bytes.writeUInt16BE(createdAt % 1000, 4);
  return bytes.toString('hex');
};

/** The time of creation that an id holds, in milliseconds since the epoch. */
export const createdAtOf = (id: string): number =>
  Number.parseInt(id.slice(0, 8), 16) * 1000 + Number.parseInt(id.slice(8, 12), 16);

const idFormat = /^[0-9a-f]{24}$/;

/** The id as it is stored, or nothing where it can't be one: such a channel does not exist. */
export const readChannelId = (text: string): string | undefined => {
  const id = text.toLowerCase();
  return idFormat.test(id) ? id : undefined;
};
