import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { Random } from '../support/random.ts';

/** Where channels carry the keys for which clients race. */
export type KeyPath = 'external_id' | 'id';

/** The keys for which clients race. Every fifth is a number in `id`, such as `4`. The others are texts in `external_id`, such as `k3`. */
export const keysFor = (count: number): string[] =>
  Array.from({ length: count }, (_, number) => (number % 5 === 4 ? `${number}` : `k${number}`));

export const pathOf = (key: string): KeyPath => (key.startsWith('k') ? 'external_id' : 'id');

/** Metadata with the key. 4 and "4" are the same key. */
export const metaOf = (key: string, random: Random): Record<string, unknown> =>
  pathOf(key) === 'id' ? { id: random.next() < 0.5 ? Number(key) : key } : { external_id: key };

const numberOf = (key: string) => Number(key.replace('k', ''));
/** Every sixth key is also given to channels by POST. */
export const isPosted = (key: string) => numberOf(key) % 6 === 0;
/** Every sixth key is given to channels by PATCH and PUT, and no row creates a channel for it. So it is often free. */
export const isSpare = (key: string) => numberOf(key) % 6 === 3;
/**
 * Whether several channels of a namespace may carry a key, because not only upserts of the namespace give it to channels. Only channels
 * with such keys are shared.
 */
export const isContested = (key: string): boolean => isPosted(key) || isSpare(key);

/** The keys that a channel carries. */
export const keysIn = ({ integration_meta: { external_id, id } = {} }: ChannelDocument): string[] =>
  [external_id, id].filter((key) => key !== undefined).map(String);
