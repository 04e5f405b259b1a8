/** Shorter integers are exact: 2^53 has 16 digits. */
const longInteger = /\d{16}/;

const digitsAlone = /^-?\d+$/;

const keepDigits = (_: string, value: unknown, { source = '' }: { source?: string }): unknown => {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isFinite(value)) return value;
  if (!digitsAlone.test(source)) return value;
  const integer = BigInt(source);
  return BigInt(value) === integer ? value : integer;
};

/**
 * Parses JSON text. An integer that is written in digits alone, and that no double holds exactly, becomes a bigint.
 * `JSON.parse` would round it, and two different ids would become one.
 * @throws SyntaxError if the text is not JSON
 */
export const parseExactJson = (text: string): unknown => {
  if (!longInteger.test(text)) return JSON.parse(text);
  try {
    // The types of TypeScript do not know the third argument, the source text (ECMAScript 2026).
    return JSON.parse(text, keepDigits as Parameters<typeof JSON.parse>[1]);
  } catch (error) {
    // A function as the second argument makes the parser recurse. JSON that is too deep for this is parsed without it.
    // Everything that takes JSON allows only a few levels, so that it refuses this value anyway.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
};
