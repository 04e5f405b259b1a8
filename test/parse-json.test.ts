import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseExactJson } from '../lib/parse-json.ts';

describe('parseExactJson', () => {
  test.each([
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '9223372036854775807',
    `${10n ** 308n + 1n}`,
  ])('keeps the digits of an integer that no double holds exactly: %s', (digits) => {
    expect(parseExactJson(`{"a":[${digits}]}`)).toEqual({ a: [BigInt(digits)] });
  });

  test.each([
    ['a small integer', '5'],
    ['the largest safe integer', '9007199254740991'],
    ['an integer beyond it that a double holds', '9007199254740992'],
    ['a larger integer that a double holds', '9223372036854775808'],
    ['an integer with an exponent', '9.007199254740993e15'],
    ['an integer with a fraction', '9007199254740993.0'],
    ['a fraction of many digits', '0.12345678901234567890'],
    ['an integer beyond the range of a double', `1${'0'.repeat(400)}`],
    ['digits in a string', '"9007199254740993"'],
  ])('parses as JSON.parse does: %s', (_, text) => {
    expect(parseExactJson(text)).toBe(JSON.parse(text));
  });

  test('keeps the key __proto__', () => {
    const text = '{"__proto__":{"a":9007199254740992}}';
    expect(JSON.stringify(parseExactJson(text))).toBe(text);
  });

  test('keeps the digits of an integer beside one that is beyond the range of a double', () => {
    expect(parseExactJson(`[1${'0'.repeat(400)},9007199254740993]`)).toEqual([
      Number.POSITIVE_INFINITY,
      9007199254740993n,
    ]);
  });

  test('parses 100,000 levels without a long integer, and throws a RangeError with one', () => {
    const levels = (core: string) => `${'['.repeat(100_000)}${core}${']'.repeat(100_000)}`;
    expect(parseExactJson(levels('1'))).toHaveLength(1);
    expect(() => parseExactJson(levels('9007199254740993'))).toThrow(RangeError);
  });

  test('gives a bigint exactly if the double differs, for any integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (integer) => {
        const isExact = BigInt(Number(integer)) === integer;
        expect(parseExactJson(`${integer}`)).toBe(isExact ? Number(integer) : integer);
      }),
    );
  });

  test.each(['', '{', '[9007199254740993', '9007199254740993x'])('throws a SyntaxError for %j', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError);
  });
});
