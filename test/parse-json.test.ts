import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseExactJson } from '../lib/parse-json.ts';
import { isExact } from './support/is-exact.ts';

describe('parseExactJson', () => {
  test.each([
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '9223372036854775807',
    `${10n ** 308n + 1n}`,
    // JSON.stringify writes 20474895527675112 with these digits.
    '20474895527675110',
  ])('keeps the digits of an integer that no double holds exactly: %s', (digits) => {
    expect(parseExactJson(`{"a":[${digits}]}`)).toEqual({ a: [BigInt(digits)] });
  });

  test.each([
    ['2^63 in digits', '9223372036854775808', 2n ** 63n],
    ['17 digits', '20474895527675112', 20474895527675112n],
    ['a negative integer', '-20474895527675112', -20474895527675112n],
    ['an exponent', '1.2345678901234568e20', 123456789012345683968n],
    ['an exponent and few digits', '1.2345678901E+20', 123456789010000003072n],
    ['a fraction', '20474895527675112.0', 20474895527675112n],
  ])('gives a bigint for an integer that JSON.stringify writes with other digits: %s', (_, text, integer) => {
    expect(JSON.stringify(JSON.parse(text))).not.toBe(`${integer}`);
    expect(parseExactJson(`[${text}]`)).toEqual([integer]);
  });

  test.each([
    ['a small integer', '5'],
    ['the largest safe integer', '9007199254740991'],
    ['an integer beyond it that a double holds', '9007199254740992'],
    ['a larger integer that a double holds', '10000000000000000000'],
    ['an exact integer with an exponent', '1e20'],
    ['an integer that JSON.stringify writes with an exponent', '1180591620717411303424'],
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

  test('gives a bigint exactly if the double differs, or is written with other digits, for any integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (integer) => {
        const double = Number(integer);
        expect(parseExactJson(`${integer}`)).toBe(
          BigInt(double) === integer && isExact(double) ? double : integer,
        );
      }),
    );
  });

  test('gives a number that is the same after writing and reading it, for any number in any form', () => {
    const integer = fc.bigInt({ min: 2n ** 53n, max: 10n ** 21n });
    const digits = fc.integer({ min: 1, max: 17 });
    const written = fc
      .tuple(fc.oneof(fc.double({ min: -1e300, max: 1e300, noNaN: true }), integer.map(Number)), digits)
      .chain(([number, count]) =>
        fc.constantFrom(
          `${number}`,
          number.toExponential(),
          number.toExponential(count),
          number.toPrecision(count),
        ),
      );
    fc.assert(
      fc.property(written, (text) => {
        const value = parseExactJson(text);
        if (typeof value === 'number') expect(parseExactJson(JSON.stringify(value))).toBe(value + 0);
        else expect(value).toEqual(expect.any(BigInt));
      }),
    );
  });

  test.each(['', '{', '[9007199254740993', '9007199254740993x'])('throws a SyntaxError for %j', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError);
  });
});
