import type { Pagination } from './read-list.ts';

/** Bytes beyond which the header is left out rather than sent: proxies limit what they take. */
const maxBytes = 4_096;

const pageParameters = new Set(['page', 'cursor']);

/** However it is encoded, a parameter has one name. */
const nameOf = (parameter: string): string => [...new URLSearchParams(`?${parameter}`).keys()][0] ?? '';

/**
 * The `Link` header of a page (RFC 8288): the first and last page, and those at either side; but not a last page too deep
 * to be asked for. The other parameters stay as the client wrote them, but for a `>`, which would end the link.
 * @param maxDepth the last channel that a page by number may show
 */
export const linkHeader = (
  path: string,
  rawQueryString: string,
  pagination: Pagination,
  maxDepth: number,
): string | undefined => {
  const kept = rawQueryString
    .replaceAll('>', '%3E')
    .split('&')
    .filter((parameter) => parameter && !pageParameters.has(nameOf(parameter)));
  const link = (rel: string, parameter: string) =>
    `<${path}?${[...kept, parameter].join('&')}>; rel="${rel}"`;
  const { next_cursor, prev_cursor, total_page, per_page } = pagination;
  const hasLast = total_page > 0 && total_page * per_page <= maxDepth;
  const header = [
    link('first', 'page=1'),
    prev_cursor && link('prev', `cursor=${prev_cursor}`),
    next_cursor && link('next', `cursor=${next_cursor}`),
    hasLast && link('last', `page=${total_page}`),
  ]
    .filter(Boolean)
    .join(', ');
  return Buffer.byteLength(header) > maxBytes ? undefined : header;
};
