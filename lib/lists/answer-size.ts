import { ApiError } from '../errors.ts';

/** Lambda takes answers of at most 6 MB, encoded as JSON once more (Lambda quotas); this leaves room for the rest. */
const mostBytes = 5 * 1024 * 1024;

const encodedBytes = (value: object): number => Buffer.byteLength(JSON.stringify(JSON.stringify(value)));

/** @throws ApiError `page_too_large` for a page that no function could answer; it names a `per_page` that fits. */
export const refuseOversize = (data: object[]): void => {
  let bytes = 0;
  for (const [index, document] of data.entries()) {
    bytes += encodedBytes(document);
    if (bytes > mostBytes)
      throw new ApiError('page_too_large', `This page is too large to answer: ask for "per_page=${index}".`);
  }
};
