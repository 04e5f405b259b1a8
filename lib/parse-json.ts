/** Shorter integers are exact: 2^53 has 16 digits. */
const longInteger = /\d{16}/;

const digitsAlone = /^-?\d+$/;

const keepDigits = (_: string, value: unknown, { source = '' }: { source?: string }): unknown => {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isFinite(value)) return value;
  if (!digitsAlone.test(source)) return value;
  const integer = BigInt(source);
  return BigInt(value) === integer ? value : integer;
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
 * Parses JSON text. An integer that is written in digits alone, and that no double holds exactly, becomes a bigint.
 * `JSON.parse` would round it, and two different ids would become one.
 * @throws SyntaxError if the text is not JSON; RangeError if it has a long integer and thousands of levels, because a
 * parser with a reviver recurses
 */
export const parseExactJson = (text: string): unknown =>
  // The types of TypeScript do not know the third argument of the reviver, the source text (ECMAScript 2026).
  JSON.parse(text, longInteger.test(text) ? (keepDigits as Reviver) : undefined);
