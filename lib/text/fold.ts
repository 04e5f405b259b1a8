/**
 * Folds a text to the words by which it is searched: neither case nor accents nor Arabic writing variants are left in
 * them. The same fold is for stored text and for what is asked. Folding its own result changes nothing.
 *
 * A word may become several (U+FDFA holds four), and may grow to many times its length. A word of which nothing would
 * be left, such as a lone accent, stays as it is, so that it can still be found. White space alone has no words.
 */
export const foldWords = (text: string): string[] =>
  wordsOf(text).flatMap((word) => {
    const folded = wordsOf(foldCharacters(word));
    return folded.length > 0 ? folded : [word];
  });

/**
 * The folded words by which a text is to be found. A word of which folding leaves nothing, such as a tatweel that stands for
 * a dash, makes no difference beside others; it is sought where there is no other.
 */
export const searchTerms = (text: string): string[] => {
  const words = wordsOf(text).flatMap((word) => wordsOf(foldCharacters(word)));
  return words.length ? words : foldWords(text);
};

/** The folded words with one space between them: what names are sorted by. */
export const foldText = (text: string): string => foldWords(text).join(' ');

/** How much of a folded text takes part in sorting, in bytes of UTF-8: a table's key has room for 1,024 in all. */
export const maxSortBytes = 900;

/**
 * The order of folded texts (the contract of the API, `sortBy`): bytewise in UTF-8 over their first 900 bytes, cut at a
 * character. Texts that differ after those are equal (0).
 */
export const compareFolded = (one: string, other: string): -1 | 0 | 1 =>
  Buffer.compare(Buffer.from(cutToBytes(one, maxSortBytes)), Buffer.from(cutToBytes(other, maxSortBytes)));

/** What of a text takes part in sorting, folded: see `compareFolded`. */
export const sortText = (text: string): string => cutToBytes(foldText(text), maxSortBytes);

/** The longest beginning of a text that takes at most so many bytes of UTF-8 and ends between two characters. */
export const cutToBytes = (text: string, bytes: number): string => {
  const mostBytesOfOneUnit = 3;
  if (text.length * mostBytesOfOneUnit <= bytes) return text;
  // encodeInto never writes a part of a character.
  return text.slice(0, utf8.encodeInto(text, new Uint8Array(bytes)).read);
};

const utf8 = new TextEncoder();

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/**
 * The order of the steps makes one pass enough for folding its own result to be a no-op. Decomposition (NFKD, UAX #15)
 * comes first: it brings out capitals (™ is TM) and the one mark that case folding turns into a letter (U+0345, into ι),
 * and no character has a case variant that decomposes again (a test asks every character). The later steps only remove
 * characters, or put one in their place that has neither case nor decomposition. NFC is undone by the next NFKD; it is
 * there for Hangul and kana, which would otherwise take up to three times the bytes, and be found by a part of a letter.
 */
const foldCharacters = (text: string): string =>
  foldArabic(foldCase(text.normalize('NFKD')).replace(accents, '')).normalize('NFC');

/**
 * Not every mark is an accent: the voicing marks of kana and the vowel signs of Devanagari or Thai tell words apart as
 * letters do (ハス and バス, कि and का). Marks go only where they are accents, or points that a text may leave out: those of
 * these scripts, and those bound to none (Script_Extensions, UAX #24).
 */
const accents =
  /(?=\p{M})[\p{scx=Inherited}\p{scx=Latin}\p{scx=Greek}\p{scx=Cyrillic}\p{scx=Arabic}\p{scx=Hebrew}]/gu;

/**
 * Full case folding (The Unicode Standard, 3.13): ß is ss. JavaScript does not have it, but its conversions are the full
 * ones, the same in every locale. Lower case comes first for ẞ, whose upper case is itself. That ı becomes i goes beyond
 * the standard, which keeps them apart: both are I in capitals, and case is to make no difference.
 */
const foldCase = (text: string): string =>
  // σ alone has a lower case that depends on its place in the word.
  text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');

/**
 * What is written in several ways in Arabic (the contract of the API, `search`). Vowel signs, hamza carriers (أ إ آ ؤ ئ)
 * and presentation forms are gone already, by NFKD and the removal of marks.
 */
const foldArabic = (text: string): string =>
  text
    // Tatweel, and the high hamza that NFKD leaves of ٵ ٶ ٷ ٸ.
    .replace(/[\u0640\u0674]/g, '')
    // Wasla and the other alefs that do not decompose.
    .replace(/[\u0671-\u0673\u0773\u0774\u0870-\u0882]/g, '\u0627')
    // Alef maksura, Farsi yeh, yeh with tail, yeh barree.
    .replace(/[\u0649\u06CC\u06CD\u06D2]/g, '\u064A')
    // The Persian kaf, which keyboards that give ی give for ك.
    .replaceAll('\u06A9', '\u0643')
    // Teh marbuta, and the same on a heh goal.
    .replace(/[\u0629\u06C3]/g, '\u0647');
