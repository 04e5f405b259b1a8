import type { Pagination } from './pagination.ts';

/** A longer header is left out, because proxies limit the size of headers. */
const maxBytes = 4_096;

const pageParameters = new Set(['page', 'cursor']);

/** The decoded name of one parameter of a query string. */
const decodedName = (parameter: string): string => [...new URLSearchParams(`?${parameter}`).keys()][0] ?? '';

/**
 * The `Link` header of a page (RFC 8288): links to the first, previous, next and last page. The last page is left out if it
 * is too deep for a page number. All other parameters stay as the client wrote them, except that `<` and `>` are encoded:
 * clients find the links by them.
 * @param url the absolute URL of the list, without its query; empty for links that are relative to the request, so that
 * they lead to the same list behind any path prefix
 * @param maxDepth how many channels can be reached by page number
 * @returns `undefined` if the header would be longer than 4 KB
 */
export const linkHeader = (
  url: string,
  rawQueryString: string,
  pagination: Pagination,
  maxDepth: number,
): string | undefined => {
  const kept = rawQueryString
    .replaceAll('<', '%3C')
    .replaceAll('>', '%3E')
    .split('&')
    .filter((parameter) => parameter && !pageParameters.has(decodedName(parameter)));
  const link = (rel: string, parameter: string) => `<${url}?${[...kept, parameter].join('&')}>; rel="${rel}"`;
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
