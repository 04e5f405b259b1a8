/** Only a text with one of these can hold an integer from 2^53 on, which has 16 digits. */
const longDigitsOrExponent = /\d{16}|\d[eE]\+?\d/;

const digitsAlone = /^-?\d+$/;

const isRounded = (digits: string, double: number): boolean =>
  digitsAlone.test(digits) && BigInt(digits) !== BigInt(double);

const keepDigits = (_: string, value: unknown, { source = '' }: { source?: string }): unknown => {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isFinite(value)) return value;
  if (isRounded(source, value)) return BigInt(source);
  return isRounded(JSON.stringify(value), value) ? BigInt(value) : value;
};

type Reviver = Parameters<typeof JSON.parse>[1];

// Node 20 does not give the source text to the reviver. Long integers would then be rounded in silence.
if (
  JSON.parse(
    '1',
    ((_key: string, _value: unknown, { source }: { source?: string } = {}) => source) as Reviver,
  ) !== '1'
)
  throw new Error(
    `Node.js 22.12 or later is needed, and this is ${process.version}: get it from https://nodejs.org`,
  );

/**
 * Parses JSON text. An integer becomes a bigint if
 * - it is written in digits alone, and no double holds it exactly: `JSON.parse` would round it, and two different ids would
 *   become one; or
 * - `JSON.stringify` would write it with other digits, as it writes 9223372036854775808 as 9223372036854776000. What was
 *   read could then not be sent back.
 * @throws SyntaxError if the text is not JSON; RangeError if it has a long integer or an exponent, and thousands of levels,
 * because a parser with a reviver recurses
 */
export const parseExactJson = (text: string): unknown =>
  // The types of TypeScript do not know the third argument of the reviver, the source text (ECMAScript 2026).
  JSON.parse(text, longDigitsOrExponent.test(text) ? (keepDigits as Reviver) : undefined);
