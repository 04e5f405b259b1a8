import { describe, expect, test } from '@jest/globals';
import { checkPageSize } from '../../lib/lists/limits.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const limit = 5 * 1024 * 1024;
/** The length of `{"x":""}` as JSON in JSON: with two quotation marks around it, and a backslash before each of its own. */
const frame = JSON.stringify(JSON.stringify({ x: '' })).length;
/** A document that has this many bytes when Lambda has encoded it. */
const documentOf = (bytes: number) => ({ x: 'x'.repeat(bytes - frame) });
const errorOf = (data: object[]) => {
  const { code, message } = catchApiError(() => checkPageSize(data));
  return { code, message };
};
const tooLarge = (fits: number) => ({
  code: 'page_too_large',
  message: `This page is too large for one response: use "per_page=${fits}".`,
});

describe('A page must fit one response of 5 MiB', () => {
  test.each([
    ['no documents', []],
    ['one document of 5 MiB', [documentOf(limit)]],
    [
      'several documents of 5 MiB together',
      [documentOf(limit - 2_000), documentOf(1_000), documentOf(1_000)],
    ],
  ])('a page of %s fits', (_, data) => {
    expect(() => checkPageSize(data)).not.toThrow();
  });

  test('a page of one byte more is an error, which names how many documents fit', () => {
    const half = documentOf(limit / 2);
    expect(errorOf([half, documentOf(limit / 2 + 1)])).toEqual(tooLarge(1));
    expect(errorOf([half, half, documentOf(frame), half])).toEqual(tooLarge(2));
  });

  test('a page of as many documents as the error names fits, and a page of one more does not', () => {
    const page = Array.from({ length: 100 }, () => documentOf(64 * 1024));
    expect(errorOf(page)).toEqual(tooLarge(80));
    expect(() => checkPageSize(page.slice(0, 80))).not.toThrow();
    expect(errorOf(page.slice(0, 81))).toEqual(tooLarge(80));
  });

  test('the number in the error fits from both ends, because a cursor may lead backwards', () => {
    const large = Array.from({ length: 90 }, () => documentOf(64 * 1024));
    const small = Array.from({ length: 10 }, () => documentOf(100));
    expect(errorOf([...large, ...small])).toEqual(tooLarge(80));
    expect(errorOf([...small, ...large])).toEqual(tooLarge(80));
  });

  test.each([
    ['a quotation mark counts as four bytes, because it is escaped twice', '"', 4],
    ['an Arabic letter counts as its bytes, not as one character', 'ق', 2],
  ])('%s', (_, character, bytes) => {
    const count = Math.floor((limit - frame) / bytes);
    expect(() => checkPageSize([{ x: character.repeat(count) }])).not.toThrow();
    expect(errorOf([{ x: 'x' }, { x: character.repeat(count) }])).toEqual(tooLarge(1));
  });
});
