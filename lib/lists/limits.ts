import { ApiError } from '../api-error.ts';
import { encodedBytes, maxDataBytes } from '../response-size.ts';
import type { Plan } from './plan/plan.ts';

/**
 * How deep a page by number may be in a scan of an index. An index has no count buckets, so all channels before the page
 * are read: 1,000 channels of 289 bytes cost 48 read units.
 */
const maxIndexDepth = 10_000;

/** How many channels can be reached by page number, counted from the first. */
export const maxDepthOf = ({ read }: Plan): number =>
  read === 'scanIndex' ? maxIndexDepth : Number.MAX_SAFE_INTEGER;

/** @throws ApiError `page_too_deep` for a page number that is beyond the maximum depth of the plan */
export const checkDepth = (plan: Plan, page: number, perPage: number): void => {
  const maxDepth = maxDepthOf(plan);
  if (page * perPage > maxDepth)
    throw new ApiError(
      'page_too_deep',
      `page × per_page may be at most ${maxDepth} for this list: to read further, send the last response's next_cursor as cursor.`,
    );
};

/** How many documents of these sizes fit one response, counted from the first. */
const countThatFits = (sizes: number[]): number => {
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    bytes += size;
    if (bytes > maxDataBytes) return index;
  }
  return sizes.length;
};

/**
 * Checks that the documents of a page fit one response.
 * @throws ApiError `page_too_large` if they do not. The message names a `per_page` that fits from both ends: the client
 * may ask for a page that begins with the first of these documents, or, with a cursor that leads backwards, for one
 * that ends with the last.
 */
export const checkPageSize = (data: object[]): void => {
  const sizes = data.map(encodedBytes);
  const fits = Math.min(countThatFits(sizes), countThatFits(sizes.toReversed()));
  if (fits < data.length)
    throw new ApiError('page_too_large', `This page is too large for one response: use "per_page=${fits}".`);
};
