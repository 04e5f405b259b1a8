/**
 * Folds a text to its search terms, without case, accents and Arabic writing variants. Stored text and queries use the
 * same fold. Folding a folded text changes nothing.
 *
 * One word may become several terms (U+FDFA becomes four) and may grow to many times its length. A word that folding would
 * empty, such as a lone accent, stays as it is, so that a search can still find it. A text of white space has no terms.
 */
export const foldTerms = (text: string): string[] =>
  splitWords(text).flatMap((word) => {
    const folded = splitWords(foldCharacters(word));
    return folded.length > 0 ? folded : [word];
  });

/**
 * Folds a query to its search terms. Drops words that folding empties, such as a tatweel that stands for a dash, unless
 * the query has no other words.
 */
export const searchTerms = (text: string): string[] => {
  const words = splitWords(text).flatMap((word) => splitWords(foldCharacters(word)));
  return words.length ? words : foldTerms(text);
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

/**
 * The order of the steps makes the fold idempotent in one pass:
 * - Decomposition (NFKD, UAX #15) comes first. It yields capitals (™ becomes TM) and the one mark that case folding turns
 *   into a letter (U+0345 becomes ι). No character has a case variant that decomposes again (a test checks every
 *   character).
 * - The later steps only remove characters, or replace them by characters without case and decomposition.
 * - NFC comes last, and the next NFKD undoes it. Without it, Hangul and kana would take up to three times the bytes, and a
 *   search would find them by a part of a letter.
 */
const foldCharacters = (text: string): string =>
  foldArabic(foldCase(text.normalize('NFKD')).replace(accents, '')).normalize('NFC');

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

/**
 * Folds the writing variants of Arabic (the contract of the API, `search`). Vowel signs, hamza carriers (أ إ آ ؤ ئ) and
 * presentation forms need no rule here: NFKD and the removal of marks have folded them.
 */
const foldArabic = (text: string): string =>
  text
    // Tatweel, and the high hamza that remains when NFKD decomposes ٵ ٶ ٷ ٸ.
    .replace(/[\u0640\u0674]/g, '')
    // Wasla and the other alefs that do not decompose.
    .replace(/[\u0671-\u0673\u0773\u0774\u0870-\u0882]/g, '\u0627')
    // Alef maksura, Farsi yeh, yeh with tail, yeh barree.
    .replace(/[\u0649\u06CC\u06CD\u06D2]/g, '\u064A')
    // The Persian kaf: keyboards that type ی type it instead of ك.
    .replaceAll('\u06A9', '\u0643')
    // Teh marbuta, and teh marbuta on a heh goal.
    .replace(/[\u0629\u06C3]/g, '\u0647');
