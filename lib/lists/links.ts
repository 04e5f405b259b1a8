import type { Pagination } from './read-list.ts';

/** Bytes beyond which the header is left out rather than sent: proxies limit what they take. */
const mostBytes = 4_096;

const pageParameters = new Set(['page', 'cursor']);

/**
 * The `Link` header of a page (RFC 8288): the first and last page, and those at either side. The other parameters stay
 * as the client wrote them.
 */
export const linksOf = (path: string, rawQueryString: string, pagination: Pagination): string | undefined => {
  const kept = rawQueryString
    .split('&')
    .filter((parameter) => parameter && !pageParameters.has(parameter.split('=', 1)[0] as string));
  const link = (rel: string, parameter: string) =>
    `<${path}?${[...kept, parameter].join('&')}>; rel="${rel}"`;
  const { next_cursor, prev_cursor, total_page } = pagination;
  const header = [
    link('first', 'page=1'),
    prev_cursor && link('prev', `cursor=${prev_cursor}`),
    next_cursor && link('next', `cursor=${next_cursor}`),
    total_page && link('last', `page=${total_page}`),
  ]
    .filter(Boolean)
    .join(', ');
  return Buffer.byteLength(header) > mostBytes ? undefined : header;
};
