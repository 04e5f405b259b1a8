import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareFolded, cutToBytes, foldTerms, foldText, searchTerms } from '../../lib/text/fold.ts';

/** Two texts that must fold alike, and the fold of both. */
const alike: [difference: string, one: string, other: string, folded: string][] = [
  ['case', 'RETAIL', 'retail', 'retail'],
  ['accents', 'Café', 'Cafe', 'cafe'],
  ['composition', 'Cafe\u0301', 'Café', 'cafe'],
  ['width', 'Ｒｅｔａｉｌ', 'Retail', 'retail'],
  ['compatibility ligatures', 'oﬃce', 'office', 'office'],
  ['a capital that decomposition brings out', 'shop™', 'shopTM', 'shoptm'],
  ['sharp s', 'Straße', 'Strasse', 'strasse'],
  ['capital sharp s', 'STRAẞE', 'STRASSE', 'strasse'],
  ['final sigma', 'ΟΔΟΣ', 'οδος', 'οδοσ'],
  ['the dot of a Turkish capital', 'İstanbul', 'Istanbul', 'istanbul'],
  ['the missing dot of a Turkish letter', 'kapı', 'kapi', 'kapi'],
  ['iota subscript', 'ᾳ', 'αι', 'αι'],
  ['Hangul composition', '\u1112\u1161\u11AB', '한', '한'],
  ['kana composition', 'ハ\u3099ス', 'バス', 'バス'],
  ['the width of kana', 'ﾊﾞｽ ﾊﾟﾝ', 'バス パン', 'バス パン'],
  ['Hebrew points', 'שָׁלוֹם', 'שלום', 'שלום'],
  ['Greek accents', 'Λιανική', 'λιανικη', 'λιανικη'],
  ['Cyrillic accents', 'Опто\u0301вый Йод', 'оптовыи иод', 'оптовыи иод'],
  ['a grapheme joiner between two marks', 'か\u0E48\u034F\u3099', 'が\u0E48', 'が\u0E48'],

  ['a left-to-right mark before a word', '\u200Ealpha', 'Alpha', 'alpha'],
  ['a right-to-left mark after a word', 'قناة\u200F', 'قناة', 'قناه'],
  ['a mark that stands alone', 'Alpha \u200E Store', 'Alpha Store', 'alpha store'],
  ['a zero width space in a word', 'al\u200Bpha', 'alpha', 'alpha'],
  ['a zero width non-joiner in a word', 'می\u200Cخواهم', 'میخواهم', 'ميخواهم'],
  ['a zero width joiner', 'ع\u200D', 'ع', 'ع'],
  ['the joiners of an emoji', '👩\u200D🍳', '👩🍳', '👩🍳'],
  ['a byte order mark in a word', 'al\uFEFFpha', 'alpha', 'alpha'],
  ['a soft hyphen', 'Whole\u00ADsale', 'wholesale', 'wholesale'],
  ['an Arabic letter mark', '\u061C12', '12', '12'],
  ['bidi isolates', '\u2067قناة\u2069 A', 'قناة A', 'قناه a'],
  ['bidi embeddings', '\u202Bقناة\u202C', 'قناة', 'قناه'],
  ['a word joiner', 'a\u2060b', 'ab', 'ab'],
  ['a variation selector', '❤\uFE0F', '❤', '❤'],
  ['a supplementary variation selector', '葛\u{E0100}', '葛', '葛'],
  ['a tag', 'a\u{E0041}', 'a', 'a'],
  ['a Mongolian vowel separator', 'ᠠ\u180Eᠡ', 'ᠠᠡ', 'ᠠᠡ'],
  ['a Hangul filler', '\u3164한', '한', '한'],
  ['a halfwidth Hangul filler', 'a\uFFA0', 'a', 'a'],
  ['an invisible separator', 'a\u2063b', 'ab', 'ab'],
  ['the kind of space', 'a\u00A0b\u3000c\u2800d', 'a b c d', 'a b c d'],

  ['Arabic digits', 'فرع ١٢', 'فرع 12', 'فرع 12'],
  ['Persian digits', 'شعبه ۴۵۶', 'شعبه 456', 'شعبه 456'],
  ['Arabic and Persian digits', '٠١٢٣٤٥٦٧٨٩', '۰۱۲۳۴۵۶۷۸۹', '0123456789'],
  ['Devanagari digits', 'दुकान २४', 'दुकान 24', 'दुकान 24'],
  ['Bengali digits', '০৯', '09', '09'],
  ['Thai digits', '๑๒๓', '123', '123'],
  ['digits beyond 16 bits', '\u{1E950}\u{1E959}', '09', '09'],
  ['the second of two scripts whose digits are side by side', '\u{116DA}\u{116E3}', '09', '09'],
  ['fullwidth digits', '１２', '12', '12'],

  ['a curly apostrophe', 'L’Oréal', "l'oreal", "l'oreal"],
  ['an opening single quote', 'L‘Oréal', "L'Oréal", "l'oreal"],
  ['a modifier apostrophe', 'Lʼoréal', "L'Oréal", "l'oreal"],
  ['an acute accent as an apostrophe', 'L´Oréal', "L'Oréal", "l'oreal"],
  ['a grave accent as an apostrophe', 'L`Oréal', "L'Oréal", "l'oreal"],
  ['a fullwidth apostrophe', 'L＇Oréal', "L'Oréal", "l'oreal"],
  ['a prime', '6′', "6'", "6'"],
  ['a double prime', '10″', '10"', '10"'],
  ['curly double quotes', '“Retail”', '"Retail"', '"retail"'],
  ['low double quotes', '„Retail“', '"Retail"', '"retail"'],
  ['angle quotes', '«Ромашка»', '"Ромашка"', '"ромашка"'],
  ['single angle quotes', '‹a›', "'a'", "'a'"],
  ['an okina', 'Hawaiʻi', "Hawai'i", "hawai'i"],
  ['a transliterated ayn', 'Al-ʿAin', "al-'ain", "al-'ain"],
  ['gershayim', 'צה״ל', 'צה"ל', 'צה"ל'],
  ['geresh', 'ג׳ורג׳', "ג'ורג'", "ג'ורג'"],
  ['an Armenian apostrophe', 'a՚b', "a'b", "a'b"],
  ['an apostrophe that decomposition brings out', 'ŉ', "'n", "'n"],

  ['a non-breaking hyphen', 'Al‑Futtaim', 'al-futtaim', 'al-futtaim'],
  ['a typographic hyphen', 'Al‐Futtaim', 'al-futtaim', 'al-futtaim'],
  ['an en dash', 'A–B', 'A-B', 'a-b'],
  ['an em dash', 'A — B', 'A - B', 'a - b'],
  ['a figure dash and a bar', '1‒2―3', '1-2-3', '1-2-3'],
  ['a minus sign', '−5', '-5', '-5'],
  ['a small hyphen and a fullwidth hyphen', '﹣－', '--', '--'],
  ['a maqaf', 'תל־אביב', 'תל-אביב', 'תל-אביב'],

  ['l with stroke', 'Łódź', 'Lodz', 'lodz'],
  ['o with stroke', 'Tromsø', 'Tromso', 'tromso'],
  ['o with stroke in capitals', 'TROMSØ', 'Tromso', 'tromso'],
  ['o with stroke and acute', 'ǿ', 'o', 'o'],
  ['d with stroke', 'Đà Nẵng', 'Da Nang', 'da nang'],
  ['h with stroke', 'Ħamrun', 'Hamrun', 'hamrun'],
  ['t with stroke', 'ŧ Ŧ', 't t', 't t'],
  ['ae', 'Ærø', 'Aero', 'aero'],
  ['ae with macron', 'ǣ', 'ae', 'ae'],
  ['oe', 'Œuvre', 'Oeuvre', 'oeuvre'],
  ['thorn', 'Þórshöfn', 'Thorshofn', 'thorshofn'],
  ['eth', 'Suðuroy', 'Suduroy', 'suduroy'],
  ['eng', 'Ŋorn', 'Norn', 'norn'],
  ['letters with hooks', 'Ɓ Ɗ Ƙ Ƴ', 'b d k y', 'b d k y'],
  ['letters with bars', 'Ɨ Ʉ Ɵ Ƚ', 'i u o l', 'i u o l'],
  ['a letter with a stroke that came with Unicode 16', '\uA7CC', 's', 's'],

  ['tatweel', 'قنـــاة', 'قناة', 'قناه'],
  ['tashkeel', 'قَنَاةُ', 'قناة', 'قناه'],
  ['alef with hamza', 'أحمد', 'احمد', 'احمد'],
  ['alef with hamza below', 'إحمد', 'احمد', 'احمد'],
  ['alef with madda', 'آحمد', 'احمد', 'احمد'],
  ['alef wasla', 'ٱحمد', 'احمد', 'احمد'],
  ['alef with wavy hamza', '\u0672\u0673', 'اا', 'اا'],
  ['alef with high hamza', '\u0675', 'ا', 'ا'],
  ['alef with digits', '\u0773\u0774', 'اا', 'اا'],
  ['alef with attached signs', '\u0870\u0882', 'اا', 'اا'],
  ['alef maksura', 'مصطفى', 'مصطفي', 'مصطفي'],
  ['Farsi yeh', 'علی', 'علي', 'علي'],
  ['Pashto yehs', '\u06D0\u06CD', 'يي', 'يي'],
  ['yeh barree', 'چائے', 'چائی', 'چايي'],
  ['Persian kaf', 'شرکت', 'شركت', 'شركت'],
  ['the presentation forms of a Persian kaf', '\uFB8E\uFB91', 'كك', 'كك'],
  ['wide kaf', 'ڪتاب', 'كتاب', 'كتاب'],
  ['hamza on a carrier', 'مسؤول رئيس', 'مسوول رييس', 'مسوول رييس'],
  ['teh marbuta', 'التجزئة', 'التجزئه', 'التجزيه'],
  ['teh marbuta on a heh goal', 'مدینۃ', 'مدینہ', 'مدينه'],
  ['teh marbuta of Arabic and of Urdu', 'مدينة', 'مدینۃ', 'مدينه'],
  ['heh goal', 'ہمدرد', 'همدرد', 'همدرد'],
  ['heh doachashmee', 'بھائی', 'بهائي', 'بهايي'],
  ['heh with yeh above', 'خانۀ', 'خانه', 'خانه'],
  ['heh with a combining hamza', 'خانه\u0654', 'خانه', 'خانه'],
  ['heh goal with hamza', 'ۂ', 'ه', 'ه'],
  ['Kurdish ae', 'هەولێر', 'ههولێر', 'ههولێر'],
  ['the presentation forms of heh', '\uFEEB\uFBA6\uFBAA', 'ههه', 'ههه'],
  ['Arabic presentation forms', '\uFEF7', 'لأ', 'لا'],
];

/** Two texts that must stay different. */
const different: [difference: string, one: string, other: string][] = [
  ['a word boundary', 'al pha', 'alpha'],
  ['a hyphen', 'al-futtaim', 'alfuttaim'],
  ['a hyphen and a space', 'al-futtaim', 'al futtaim'],
  ['an apostrophe', "l'oreal", 'loreal'],
  ['single and double quotes', "'a'", '"a"'],
  ['two single quotes and a double one', "''", '"'],
  ['a hyphen and an underscore', 'a-b', 'a_b'],
  ['a dash and a tilde', 'a-b', 'a~b'],
  ['a dash and the long vowel of kana', 'バ-', 'バー'],
  ['a dash and the ideograph one', '-', '一'],
  ['corner brackets and quotes', '「a」', '"a"'],
  ['digits', '١٢', '13'],
  ['a digit and a letter', 'o0', 'oo'],
  ['a number and a digit', 'Ⅻ', '12'],
  ['an ideograph and a digit', '三', '3'],
  ['o with stroke and oe', 'ø', 'oe'],
  ['o with diaeresis and oe', 'ö', 'oe'],
  ['ae and a', 'æ', 'a'],
  ['thorn and t', 'þ', 't'],
  ['eth and th', 'ð', 'th'],
  ['open e and e', 'ɛ', 'e'],
  ['schwa and e', 'ə', 'e'],
  ['Latin and Cyrillic a', 'a', 'а'],
  ['Latin and Greek o', 'o', 'ο'],
  ['a Cyrillic letter with a stroke', 'ғ', 'г'],
  ['gaf and kaf', 'گ', 'ک'],
  ['gaf with ring and kaf', 'ګ', 'ك'],
  ['peh and beh', 'پ', 'ب'],
  ['tcheh and jeem', 'چ', 'ج'],
  ['jeh and zain', 'ژ', 'ز'],
  ['veh and feh', 'ڤ', 'ف'],
  ['heh and hah', 'ه', 'ح'],
  ['teh and teh marbuta', 'ت', 'ة'],
  ['hamza and alef', 'ء', 'ا'],
  ['yeh and waw', 'ي', 'و'],
  ['yeh and Kurdish yeh', 'ی', 'ێ'],
  ['noon and noon ghunna', 'ن', 'ں'],
  ['alef and lam', 'ا', 'ل'],
  ['Devanagari vowel signs', 'कि', 'का'],
  ['voicing marks', 'ハス', 'バス'],
  ['Thai tones', 'ไม', 'ไม่'],
];

describe('folding makes texts equal that differ only in', () => {
  test.each(alike)('%s: %s and %s', (_, one, other, folded) => {
    expect([foldText(one), foldText(other), foldText(folded)]).toEqual([folded, folded, folded]);
  });
});

describe('folding keeps texts apart that differ in', () => {
  test.each(different)('%s: %s and %s', (_, one, other) => {
    expect(foldText(one)).not.toBe(foldText(other));
  });
});

describe('folding keeps', () => {
  test('Hangul syllables whole', () => {
    expect(foldText('한국 소매')).toBe('한국 소매');
  });

  test('the Arabic letters to which others fold', () => {
    expect(foldText('ه و ء ك')).toBe('ه و ء ك');
  });

  test.each([
    ['Devanagari vowel signs', 'दुकान'],
    ['Tamil vowel signs', 'கடை'],
    ['Thai vowels and tones', 'ค้าปลีกที่'],
    ['Japanese voicing marks', 'バス パン がぎぐ'],
    ['a voicing mark that composes with nothing', 'あ\u3099'],
  ])('marks that are not accents: %s', (_, text) => {
    expect(foldText(text)).toBe(text);
  });
});

describe('the terms of a text', () => {
  test.each([
    ['one', 'Retail', ['retail']],
    ['several', ' Modern\t\u00A0Trade\n', ['modern', 'trade']],
    ['none', ' \t\u3000', []],
    ['none at all', '', []],
    ['repeated', 'a A', ['a', 'a']],
    ['several in one character', 'x\uFDFA', ['xصلي', 'الله', 'عليه', 'وسلم']],
    ['a space that folding makes', 'a\u00A8b', ['a', 'b']],
    ['a word that is only a mark', 'a \u064E', ['a', '\u064E']],
    ['a word that is only tatweel', '\u0640\u0640', ['\u0640\u0640']],
    ['a word that is only a spacing accent', '\u00A8', ['\u00A8']],
    ['a word that cannot be seen', 'a \u200B \uFEFF b', ['a', 'b']],
    ['nothing that can be seen', '\u200B \u2800', ['\u200B', '\u2800']],
  ])('%s: %j', (_, text, words) => {
    expect(foldTerms(text)).toEqual(words);
  });
});

describe('the terms of a query', () => {
  test.each([
    ['are folded', 'Été shop', ['ete', 'shop']],
    ['leave out a tatweel that stands for a dash', 'قناة ـ تجزئة', ['قناه', 'تجزيه']],
    ['leave out a lone accent', 'cafe \u0301', ['cafe']],
    ['leave out what cannot be seen', '\u200Eal\u00ADpha \u200B', ['alpha']],
    ['are what cannot be seen, if there is nothing else', '\u200B', ['\u200B']],
    ['include the tatweel if there is no other word', ' \u0640 ', ['\u0640']],
  ])('%s: %j', (_, text, words) => {
    expect(searchTerms(text)).toEqual(words);
  });
});

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      ..."aAßẞςΣİıᾳ\u0345\u0301\u0308\u00A8\u00B4 \u3000\u0640\u0674\u0675\uFDFA\u1112\u1161\u11AB\uD800\uDC00か\u034F\u309A\u309B\u3099\uFF9Eक\u093C\u093F\u0958ก\u0E33\u0E48\u06A9\u06BE\u200B\u200E\uFEFF\u00AD\u2800\u3164\u1160\uFE0F٣۳’´`″ʼŉ–−łøæþ-'",
    ),
  ),
});

/** All characters of Unicode, except for surrogates, that match a pattern. */
const charactersOf = (pattern: RegExp): string[] => {
  const found: string[] = [];
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
    if (codePoint === 0xd800) codePoint = 0xe000;
    const character = String.fromCodePoint(codePoint);
    if (pattern.test(character)) found.push(character);
  }
  return found;
};

/** Characters that fold one by one. Combining marks, Hangul letters and the voicing marks of kana join their neighbours. */
const visibleCharacter = fc.constantFrom(...'aB  zßıłŁøæÞñé0٣۳9-–−\'’´`"″ŉ™ﷺｱア한字नกשדلأىیکةہھ😀«»');

describe('for any text', () => {
  test('folding a folded text changes nothing', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const folded = foldText(text);
        expect(foldText(folded)).toBe(folded);
        expect(foldTerms(folded)).toEqual(foldTerms(text));
      }),
      { numRuns: 1_000 },
    );
  });

  test('folding never loses a word', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(foldTerms(text).length > 0).toBe(text.trim() !== '');
        expect(foldTerms(text)).not.toContain('');
      }),
      { numRuns: 300 },
    );
  });

  test('invisible characters make no difference, wherever they are', () => {
    const invisible = fc.constantFrom(...charactersOf(/\p{Default_Ignorable_Code_Point}/u));
    fc.assert(
      fc.property(fc.array(fc.tuple(invisible, visibleCharacter), { minLength: 1 }), (pairs) => {
        const withThem = pairs.flat().join('');
        const withoutThem = pairs.map(([, visible]) => visible).join('');
        fc.pre(withoutThem.trim() !== '');
        expect(foldText(withThem)).toBe(foldText(withoutThem));
        expect(searchTerms(withThem)).toEqual(searchTerms(withoutThem));
      }),
      { numRuns: 500 },
    );
  });

  test('a text contains its parts after folding too', () => {
    fc.assert(
      fc.property(fc.array(visibleCharacter), fc.nat(40), fc.nat(40), (characters, from, to) => {
        const folded = foldText(characters.join(''));
        for (const term of searchTerms(characters.slice(from, to).join(''))) expect(folded).toContain(term);
      }),
      { numRuns: 1_000 },
    );
  });

  test('letters of ASCII fold as they do beside other letters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(foldText(`${text}é`)).toBe(`${foldText(`${text}x`).slice(0, -1)}e`);
      }),
    );
  });
});

describe('of all characters of Unicode,', () => {
  // The fold relies on this. A later version of Unicode may break it.
  test('folding each is idempotent, and the same for its upper and lower case and its other forms', () => {
    const exceptions: string[] = [];
    for (const character of charactersOf(/./su)) {
      const folded = foldText(character);
      const variants = [character.toUpperCase(), character.toLowerCase(), character.normalize('NFD')];
      // Saves time: most characters fold to themselves and have no variants.
      if (folded === character && variants.every((variant) => variant === character)) continue;
      if ([folded, ...variants].some((variant) => foldText(variant) !== folded)) exceptions.push(character);
    }
    expect(exceptions).toEqual([]);
  });

  test('none grows to more than 11 times its bytes', () => {
    const tooLong = charactersOf(/./su).filter(
      (character) => Buffer.byteLength(foldText(character)) > 11 * Buffer.byteLength(character),
    );
    expect(tooLong).toEqual([]);
  });

  test('none that cannot be seen makes a difference', () => {
    const invisible = charactersOf(/\p{Default_Ignorable_Code_Point}|\p{Bidi_Control}/u);
    expect(invisible.length).toBeGreaterThan(4_000);
    const exceptions = invisible.filter((character) =>
      [`${character}Al-pha`, `Al${character}-pha`, `Al-pha${character}`, `Al-pha ${character}`].some(
        (text) => foldText(text) !== 'al-pha' || searchTerms(text).join(' ') !== 'al-pha',
      ),
    );
    expect(exceptions).toEqual([]);
  });

  test('every decimal digit folds to ASCII, and the ten of a script fold to ten', () => {
    const digits = charactersOf(/\p{Nd}/u);
    expect(digits.length).toBeGreaterThan(700);
    // The digits of a script follow each other, from 0 to 9.
    expect(digits.map(foldText).join('')).toBe('0123456789'.repeat(digits.length / 10));
  });

  test('every dash folds to a hyphen', () => {
    const dashes = charactersOf(/\p{Pd}|\p{Dash}/u);
    expect(dashes.length).toBeGreaterThan(25);
    expect(new Set(dashes.map(foldText))).toEqual(new Set(['-']));
  });

  test('every quotation mark that is no corner bracket folds to a straight quote', () => {
    const quotes = charactersOf(/(?![「」『』｢｣﹁-﹄])\p{Quotation_Mark}/u);
    expect(quotes.length).toBeGreaterThan(19);
    expect(new Set(quotes.map(foldText))).toEqual(new Set(["'", '"']));
  });
});

describe('cutting to bytes', () => {
  test.each([
    ['shorter', 'abc', 4, 'abc'],
    ['as long', 'abcd', 4, 'abcd'],
    ['longer', 'abcde', 4, 'abcd'],
    ['two bytes a character', 'ééé', 4, 'éé'],
    ['a character that only fits in part', 'aéé', 4, 'aé'],
    ['three bytes a character', '한한', 5, '한'],
    ['four bytes a character', 'a😀', 4, 'a'],
    ['a first character that does not fit', 'é', 1, ''],
  ])('%s: %s to %i', (_, text, bytes, cut) => {
    expect(cutToBytes(text, bytes)).toBe(cut);
  });
});

describe('the order of folded texts', () => {
  test.each([
    ['equal', 'a', 'a', 0],
    ['less', 'a', 'b', -1],
    ['a prefix comes first', 'ab', 'a', 1],
    ['the empty text comes first', '', 'a', -1],
    ['by bytes, not by UTF-16', '\uFF5E', '😀', -1],
    ['a difference in byte 900', `${'a'.repeat(899)}b`, `${'a'.repeat(899)}c`, -1],
    ['a difference in byte 901', `${'a'.repeat(900)}b`, `${'a'.repeat(900)}c`, 0],
    ['a character across byte 900 does not count', `${'a'.repeat(899)}é`, `${'a'.repeat(899)}è`, 0],
  ])('%s', (_, one, other, order) => {
    expect(compareFolded(one, other)).toBe(order);
    expect(compareFolded(other, one)).toBe(order === 0 ? 0 : -order);
  });
});
