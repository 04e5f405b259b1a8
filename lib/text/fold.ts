import { withoutInvisible } from './blank.ts';
import { foldArabic } from './fold-arabic.ts';
import { foldLatin } from './fold-latin.ts';
import { foldDashes, foldDigits, foldQuotes } from './fold-signs.ts';

/**
 * Folds a text to its search terms. These make no difference: case, accents, characters that cannot be seen, the script of
 * digits, kinds of quotes and dashes, Latin letters with strokes and Latin ligatures, and the writing variants of Arabic,
 * Persian and Urdu (the contract of the API, `search`). Stored text and queries use the same fold. Folding a folded text
 * changes nothing.
 *
 * One word may become several terms (U+FDFA becomes four) and may grow to many times its length. A word that folding would
 * empty, such as a lone accent, stays (as NFC), so that a search can still find it. So does a text in which nothing can be
 * seen. A text of white space has no terms.
 */
export const foldTerms = (text: string): string[] => {
  const words = wordsOf(text);
  if (!words.length) return splitWords(text);
  return words.flatMap((word) => {
    const folded = splitWords(foldCharacters(word));
    return folded.length > 0 ? folded : [word.normalize('NFC')];
  });
};

/**
 * Folds a query to its search terms. Drops words that folding empties, such as a tatweel that stands for a dash, unless
 * the query has no other words.
 */
export const searchTerms = (text: string): string[] => {
  const terms = wordsOf(text).flatMap((word) => splitWords(foldCharacters(word)));
  return terms.length ? terms : foldTerms(text);
};

/** Joins the folded terms by one space. Lists sort names by this text. */
export const foldText = (text: string): string => foldTerms(text).join(' ');

/** How many bytes (UTF-8) of a folded text count for sorting. A sort key of DynamoDB holds at most 1,024 bytes. */
const maxSortBytes = 900;

/**
 * Compares folded texts by the bytes of their UTF-8 (the contract of the API, `sortBy`). Only the first 900 bytes count,
 * cut at a character: texts that differ later are equal (0).
 */
export const compareFolded = (one: string, other: string): -1 | 0 | 1 =>
  Buffer.compare(Buffer.from(cutToBytes(one, maxSortBytes)), Buffer.from(cutToBytes(other, maxSortBytes)));

/** The part of a folded text that counts for sorting: see `compareFolded`. */
export const sortText = (text: string): string => cutToBytes(foldText(text), maxSortBytes);

/** Cuts a text to at most `bytes` bytes of UTF-8. Never cuts within a character. */
export const cutToBytes = (text: string, bytes: number): string => {
  const maxBytesPerUnit = 3;
  if (text.length * maxBytesPerUnit <= bytes) return text;
  // encodeInto never writes part of a character.
  return text.slice(0, utf8.encodeInto(text, new Uint8Array(bytes)).read);
};

const utf8 = new TextEncoder();

const splitWords = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const wordsOf = (text: string): string[] => splitWords(withoutInvisible(text));

/** Of ASCII, only upper case and the grave accent fold to something else. Most names are ASCII. */
const foldsOnlyCase = (text: string): boolean => !/[`\P{ASCII}]/u.test(text);

/**
 * The order of the steps makes the fold idempotent in one pass:
 * - Decomposition (NFKD, UAX #15) comes first. It yields capitals (™ becomes TM) and the one mark that case folding turns
 *   into a letter (U+0345 becomes ι). No character has a case variant that decomposes again (a test checks every
 *   character).
 * - The later steps only remove characters, or replace them by characters without case and decomposition.
 * - NFC comes last, and the next NFKD undoes it. Without it, Hangul and kana would take up to three times the bytes, and a
 *   search would find them by a part of a letter.
 */
const foldCharacters = (word: string): string => {
  if (foldsOnlyCase(word)) return word.toLowerCase();
  const letters = foldCase(foldQuotes(word).normalize('NFKD')).replace(accents, '');
  return foldSigns(foldArabic(foldLatin(letters))).normalize('NFC');
};

const foldSigns = (text: string): string => foldDigits(foldDashes(foldQuotes(text)));

/**
 * The marks that the fold removes: accents, and points that a text may leave out. These are the marks of the scripts
 * below, and marks that belong to no script (Script_Extensions, UAX #24). Other marks stay, because they distinguish words
 * as letters do: the voicing marks of kana (ハス and バス), the vowel signs of Devanagari (कि and का) or Thai.
 */
const accents =
  /(?=\p{M})[\p{scx=Inherited}\p{scx=Latin}\p{scx=Greek}\p{scx=Cyrillic}\p{scx=Arabic}\p{scx=Hebrew}]/gu;

/**
 * Full case folding (The Unicode Standard, 3.13): ß becomes ss. JavaScript has no case folding, but its conversions are
 * the full ones, and equal in every locale. Converts to lower case first for ẞ, because the upper case of ẞ is ẞ. Unlike
 * the standard, also folds ı to i: both have the capital I, and case must make no difference.
 */
const foldCase = (text: string): string =>
  // Σ is the only letter whose lower case depends on its position in the word.
  text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');
