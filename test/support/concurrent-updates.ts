import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { Reply, Service } from './service.ts';

/** How many replies have each status. */
export const countByStatus = (replies: { status: number }[]): Record<number, number> =>
  replies.reduce<Record<number, number>>((counts, { status }) => {
    counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }, {});

export interface ConcurrentUpdates {
  replies: Reply[];
  /** The channel after all updates. */
  stored: ChannelDocument;
}

/**
 * Creates a channel, and sends many updates of it at once.
 * @param headers such as `If-Match`
 */
export const updateAtOnce = async (
  call: Service['call'],
  key: string,
  count: number,
  patchOf: (index: number) => object,
  headers: Record<string, string> = {},
): Promise<ConcurrentUpdates> => {
  const created = await call('POST /client-channel', { key, body: { name: 'Retail' } });
  const path = `/client-channel/${created.body.data._id}`;
  const replies = await Promise.all(
    Array.from({ length: count }, (_, index) => call(`PUT ${path}`, { key, headers, body: patchOf(index) })),
  );
  return { replies, stored: (await call(`GET ${path}`, { key })).body.data };
};
