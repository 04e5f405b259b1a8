import type { ChannelKey, Version } from '../../lib/history/version-items.ts';
import type { Service } from './service.ts';

/** Reads all versions of a channel in a namespace over HTTP, page by page: newest first. */
export const readWholeHistory = async (
  { call }: Pick<Service, 'call'>,
  { namespace, id }: ChannelKey,
  { key, perPage }: { key: string; perPage: number },
): Promise<Version[]> => {
  const headers = { 'x-company-namespace': namespace };
  const versions: Version[] = [];
  let cursor = '';
  do {
    const query = `per_page=${perPage}${cursor && `&cursor=${cursor}`}`;
    const { status, body } = await call(`GET /client-channel/${id}/history?${query}`, { key, headers });
    if (status !== 200) throw new Error(`The history of ${id} in ${namespace}: ${status} ${body.code}`);
    versions.push(...body.data);
    cursor = body.pagination.next_cursor ?? '';
  } while (cursor);
  return versions;
};
