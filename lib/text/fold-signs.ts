/**
 * Signs that are typed for one another as quotes and apostrophes: curly and straight ones, angle ones, primes, modifier
 * letters, the accents ´ and `, the signs of Armenian and Hebrew. Corner brackets of Japanese are not among them: they are
 * typed as they are.
 */
const singleQuotes =
  /[`\u00B4\u02B9\u02BB-\u02BF\u055A\u05F3\u1FEF\u1FFD\u2018-\u201B\u2032\u2035\u2039\u203A\uA78B\uA78C]/g;
const doubleQuotes = /["\u00AB\u00BB\u02BA\u02EE\u05F4\u201C-\u201F\u2033\u2036\u2E42\u301D-\u301F]/g;

/**
 * Makes all quotes straight. Comes before decomposition, which makes ´ a space with an accent, and ″ two primes. Also comes
 * after it, because it yields more quotes (ŉ becomes ʼn).
 */
export const foldQuotes = (text: string): string =>
  text.replace(singleQuotes, "'").replace(doubleQuotes, '"');

/** Makes every dash a hyphen (the property Dash of Unicode: also minus signs). Expects decomposed text. */
export const foldDashes = (text: string): string => text.replace(/\p{Dash}/gu, '-');

/** All decimal digits (Nd) except for those of ASCII. */
const otherDigits = /[^\P{Nd}0-9]/gu;

/** Writes the decimal digits of every script as ASCII digits. */
export const foldDigits = (text: string): string => text.replace(otherDigits, asciiDigit);

/** The digits of a script have consecutive code points, from 0 to 9 (The Unicode Standard, 4.6). */
const asciiDigit = (digit: string): string => {
  const codePoint = digit.codePointAt(0) as number;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(codePoint - before - 1))) before += 1;
  // The digits of two scripts may follow each other directly.
  return `${before % 10}`;
};
