import { ApiError } from '../errors.ts';

/** Lambda takes answers of at most 6 MB, encoded as JSON once more (Lambda quotas); this leaves room for the rest. */
const maxBytes = 5 * 1024 * 1024;

const encodedBytes = (value: object): number => Buffer.byteLength(JSON.stringify(JSON.stringify(value)));

/** How many of these fit one answer, from the first on. */
const countThatFits = (sizes: number[]): number => {
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    bytes += size;
    if (bytes > maxBytes) return index;
  }
  return sizes.length;
};

/**
 * @throws ApiError `page_too_large` for a page that no function could answer; it names a `per_page` that fits, whether
 * the page is then taken from the first of these documents or, by a cursor that leads back, from the last.
 */
export const checkPageSize = (data: object[]): void => {
  const sizes = data.map(encodedBytes);
  const fits = Math.min(countThatFits(sizes), countThatFits(sizes.toReversed()));
  if (fits < data.length)
    throw new ApiError('page_too_large', `This page is too large to answer: ask for "per_page=${fits}".`);
};
