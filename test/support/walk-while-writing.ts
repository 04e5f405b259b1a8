import type { Reply, Service } from './service.ts';

export interface Walk {
  /** The ids that the walk returned, in its order. */
  listed: string[];
  /** The ids of the channels that nobody wrote meanwhile. */
  unchanged: string[];
  /** The statuses of the writes between the pages. */
  statuses: Set<number>;
}

interface WalkOptions {
  /** Filters and order. */
  query: string;
  direction: 'next_cursor' | 'prev_cursor';
  perPage: number;
  /** The channels of the namespace. Every second one may be changed, so that pages begin and end with such ones too. */
  ids: string[];
}

/**
 * Reads a whole list by cursor. After each page, another client deletes a channel of that page, renames and disables
 * another one, and creates one.
 */
export const walkWhileWriting = async (
  call: Service['call'],
  key: string,
  { query, direction, perPage, ids }: WalkOptions,
): Promise<Walk> => {
  let changeable = ids.filter((_, index) => index % 2 === 1);
  const statuses = new Set<number>();
  const writeNear = async (page: string[]) => {
    const [gone = '', renamed = ''] = new Set([
      ...page.filter((id) => changeable.includes(id)),
      ...changeable,
    ]);
    changeable = changeable.filter((id) => id !== gone && id !== renamed);
    const replies = await Promise.all([
      call(`DELETE /client-channel/${gone}`, { key }),
      call(`PUT /client-channel/${renamed}`, { key, body: { name: 'e', disabled: true } }),
      call('POST /client-channel', { key, body: { name: 'new' } }),
    ]);
    for (const { status } of replies) statuses.add(status);
  };
  const listed: string[] = [];
  const lastPage = Math.ceil(ids.length / perPage);
  let start: string | undefined = direction === 'next_cursor' ? 'page=1' : `page=${lastPage}`;
  while (start !== undefined) {
    const path = `/client-channel?${query}&per_page=${perPage}&${start}`;
    const { data, pagination }: Reply['body'] = (await call(`GET ${path}`, { key })).body;
    const page = data.map(({ _id }: { _id: string }) => _id);
    listed.push(...page);
    if (changeable.length >= 2) await writeNear(page);
    start = pagination[direction] && `cursor=${pagination[direction]}`;
  }
  return { listed, unchanged: ids.filter((_, index) => index % 2 === 0), statuses };
};

/** The queries and directions to walk: each kind of plan that can be walked by cursor. */
export const walks = [
  ['sort=name', 'next_cursor'],
  ['sort=-name', 'prev_cursor'],
  ['sort=-updatedAt', 'next_cursor'],
  ['sort=disabled&search=e', 'prev_cursor'],
  ['sort=_id', 'prev_cursor'],
  ['sort=-_id', 'next_cursor'],
] as const;
