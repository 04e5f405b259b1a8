import { describe, expect, test } from '@jest/globals';
import { checkPageSize } from '../../lib/lists/limits.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const limit = 5 * 1024 * 1024;
/** `{"x":""}` as JSON in JSON: two quotation marks around it, and a backslash before each of its own. */
const frame = JSON.stringify(JSON.stringify({ x: '' })).length;
/** A document that takes so many bytes as Lambda encodes it. */
const documentOf = (bytes: number) => ({ x: 'x'.repeat(bytes - frame) });
const refusal = (data: object[]) => {
  const { code, message } = catchApiError(() => checkPageSize(data));
  return { code, message };
};
const tooLarge = (fits: number) => ({
  code: 'page_too_large',
  message: `This page is too large to answer: ask for "per_page=${fits}".`,
});

describe('the size of an answer', () => {
  test.each([
    ['no documents', []],
    ['one of 5 MiB', [documentOf(limit)]],
    ['several of 5 MiB together', [documentOf(limit - 2_000), documentOf(1_000), documentOf(1_000)]],
  ])('given %s, is not refused', (_, data) => {
    expect(() => checkPageSize(data)).not.toThrow();
  });

  test('given a byte more than 5 MiB, is refused, and names how many documents fit', () => {
    const half = documentOf(limit / 2);
    expect(refusal([half, documentOf(limit / 2 + 1)])).toEqual(tooLarge(1));
    expect(refusal([half, half, documentOf(frame), half])).toEqual(tooLarge(2));
  });

  test('given a page that is refused, is not when as many are asked for as it names', () => {
    const page = Array.from({ length: 100 }, () => documentOf(64 * 1024));
    expect(refusal(page)).toEqual(tooLarge(80));
    expect(() => checkPageSize(page.slice(0, 80))).not.toThrow();
    expect(refusal(page.slice(0, 81))).toEqual(tooLarge(80));
  });

  test('given documents of several sizes, names what fits from either end, as a cursor may lead back', () => {
    const large = Array.from({ length: 90 }, () => documentOf(64 * 1024));
    const small = Array.from({ length: 10 }, () => documentOf(100));
    expect(refusal([...large, ...small])).toEqual(tooLarge(80));
    expect(refusal([...small, ...large])).toEqual(tooLarge(80));
  });

  test.each([
    ['quotation marks, counts each four times', '"', 4],
    ['Arabic, counts bytes and not characters', 'ق', 2],
  ])('given %s', (_, character, bytes) => {
    const count = Math.floor((limit - frame) / bytes);
    expect(() => checkPageSize([{ x: character.repeat(count) }])).not.toThrow();
    expect(refusal([{ x: 'x' }, { x: character.repeat(count) }])).toEqual(tooLarge(1));
  });
});
