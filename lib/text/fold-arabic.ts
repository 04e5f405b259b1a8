/**
 * Folds the writing variants of Arabic, Persian and Urdu (the contract of the API, `search`). Expects decomposed text without
 * marks: vowel signs, hamza carriers (أ إ آ ؤ ئ ۀ ۓ) and presentation forms need no rule here.
 */
export const foldArabic = (text: string): string =>
  text
    // Tatweel, and the high hamza that remains when NFKD decomposes ٵ ٶ ٷ ٸ.
    .replace(/[\u0640\u0674]/g, '')
    // Wasla and the other alefs that do not decompose.
    .replace(/[\u0671-\u0673\u0773\u0774\u0870-\u0882]/g, '\u0627')
    // Yeh: alef maksura, Farsi yeh, yeh with tail, e (Pashto and Uyghur), yeh barree.
    .replace(/[\u0649\u06CC\u06CD\u06D0\u06D2]/g, '\u064A')
    // Kaf: the Persian and Urdu kaf (keyboards that type ی type it instead of ك), and the wide kaf of Sindhi.
    .replace(/[\u06A9\u06AA]/g, '\u0643')
    // Heh: teh marbuta, the two hehs of Urdu (ھ ہ), teh marbuta on the second of them, ae (Kurdish and Uyghur).
    .replace(/[\u0629\u06BE\u06C1\u06C3\u06D5]/g, '\u0647');
