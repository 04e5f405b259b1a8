/**
 * Characters that take part in the layout of a text, but cannot be seen (Default_Ignorable_Code_Point, The Unicode Standard,
 * 5.21): zero width spaces and joiners, bidi controls, soft hyphens, variation selectors, tags, Hangul fillers.
 */
const invisible = /\p{Default_Ignorable_Code_Point}/gu;

/** The braille pattern without dots. It is a letter to Unicode, but Braille texts use it as their space. */
const brailleBlank = /\u2800/g;

/**
 * Removes the characters that cannot be seen, and makes a braille blank a space. This comes before the text is split into
 * words, because JavaScript counts one of the invisible characters (U+FEFF) as white space.
 */
export const withoutInvisible = (text: string): string =>
  text.replace(invisible, '').replace(brailleBlank, ' ');

/** Whether nothing in a text can be seen. */
export const isBlank = (text: string): boolean => withoutInvisible(text).trim() === '';
