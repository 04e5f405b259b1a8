import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
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

interface UpdateOptions {
  count: number;
  /** How many updates run at a time. */
  atOnce: number;
  patchOf: (index: number) => object;
  headers?: Record<string, string>;
}

/** Creates a channel, and sends many updates of it, some of them at once. */
export const updateConcurrently = async (
  call: Service['call'],
  key: string,
  { count, atOnce, patchOf, headers = {} }: UpdateOptions,
): Promise<ConcurrentUpdates> => {
  const created = await call('POST /client-channel', { key, body: { name: 'Retail' } });
  const path = `/client-channel/${created.body.data._id}`;
  const replies = await mapConcurrently([...Array(count).keys()], atOnce, (index) =>
    call(`PUT ${path}`, { key, headers, body: patchOf(index) }),
  );
  return { replies, stored: (await call(`GET ${path}`, { key })).body.data };
};
