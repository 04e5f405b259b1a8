import { wrongLine } from '../command-error.ts';

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d[\d.eE+-]*/g;
const longInteger = /^-?\d{16,}$/;

const countKeys = (root: unknown): number => {
  let count = 0;
  const open = [root];
  while (open.length) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    const inner = Object.values(value);
    if (!Array.isArray(value)) count += inner.length;
    for (const each of inner) open.push(each);
  }
  return count;
};

/**
 * What `JSON.parse` loses without a word: digits of a long integer, numbers that are too large, and keys that one object has
 * twice. The service refuses all of them, but it would not see them any more.
 */
const lossIn = (text: string, value: unknown): string | undefined => {
  let keys = 0;
  for (const [token, colon] of text.matchAll(tokens)) {
    if (colon !== undefined) keys++;
    else if (longInteger.test(token) && String(Number(token)) !== token)
      return `The integer ${token} has more digits than a JSON number holds. Write it as a string.`;
    else if (!token.startsWith('"') && !Number.isFinite(Number(token)))
      return `The number ${token} is larger than a JSON number can be. Write it as a string.`;
  }
  return keys === countKeys(value) ? undefined : 'An object has the same key twice.';
};

/** @throws SyntaxError if the text is not JSON; CommandError if parsing it would lose something */
export const parseStrictJson = (text: string, line: number): unknown => {
  const value: unknown = JSON.parse(text);
  const loss = lossIn(text, value);
  if (loss) throw wrongLine(line, loss);
  return value;
};
