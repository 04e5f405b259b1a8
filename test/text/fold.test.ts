import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareFolded, cutToBytes, foldTerms, foldText, searchTerms } from '../../lib/text/fold.ts';

describe('folding makes texts equal that differ only in', () => {
  test.each([
    ['case', 'RETAIL', 'retail'],
    ['accents', 'Café', 'cafe'],
    ['composition', 'Cafe\u0301', 'cafe'],
    ['width', 'Ｒｅｔａｉｌ', 'retail'],
    ['ligatures', 'oﬃce', 'office'],
    ['a capital that decomposition brings out', 'shop™', 'shoptm'],
    ['sharp s', 'Straße', 'strasse'],
    ['capital sharp s', 'STRAẞE', 'strasse'],
    ['final sigma', 'ΟΔΟΣ', 'οδοσ'],
    ['final sigma in lower case', 'οδος', 'οδοσ'],
    ['the dot of a Turkish capital', 'İstanbul', 'istanbul'],
    ['the missing dot of a Turkish letter', 'kapı', 'kapi'],
    ['iota subscript', 'ᾳ', 'αι'],
    ['tatweel', 'قنـــاة', 'قناه'],
    ['tashkeel', 'قَنَاةُ', 'قناه'],
    ['alef with hamza', 'أحمد', 'احمد'],
    ['alef with hamza below', 'إحمد', 'احمد'],
    ['alef with madda', 'آحمد', 'احمد'],
    ['alef wasla', 'ٱحمد', 'احمد'],
    ['alef with wavy hamza', '\u0672\u0673', 'اا'],
    ['alef with high hamza', '\u0675', 'ا'],
    ['alef with digits', '\u0773\u0774', 'اا'],
    ['alef with attached signs', '\u0870\u0882', 'اا'],
    ['alef maksura', 'مصطفى', 'مصطفي'],
    ['Farsi yeh', 'علی', 'علي'],
    ['other yehs', '\u06CD\u06D2', 'يي'],
    ['Persian kaf', 'شرکت', 'شركت'],
    ['the presentation forms of a Persian kaf', '\uFB8E\uFB91', 'كك'],
    ['hamza on a carrier', 'مسؤول رئيس', 'مسوول رييس'],
    ['ta marbuta', 'التجزئة', 'التجزيه'],
    ['ta marbuta on a heh goal', '\u06C3', 'ه'],
    ['Arabic presentation forms', '\uFEF7', 'لا'],
    ['Hangul composition', '\u1112\u1161\u11AB', '한'],
    ['kana composition', 'ハ\u3099ス', 'バス'],
    ['the width of kana', 'ﾊﾞｽ ﾊﾟﾝ', 'バス パン'],
    ['Hebrew points', 'שָׁלוֹם', 'שלום'],
    ['Greek accents', 'Λιανική', 'λιανικη'],
    ['Cyrillic accents', 'Опто\u0301вый Йод', 'оптовыи иод'],
    ['a grapheme joiner between two marks', 'か\u0E48\u034F\u3099', 'が\u0E48'],
  ])('%s: %s', (_, written, folded) => {
    expect(foldText(written)).toBe(folded);
    expect(foldText(folded)).toBe(folded);
  });

  test('folding does not decompose Hangul syllables', () => {
    expect(foldText('한국 소매')).toBe('한국 소매');
  });

  test('folding does not confuse other Arabic letters', () => {
    expect(foldText('ه و ء ك')).toBe('ه و ء ك');
  });

  test.each([
    ['Devanagari vowel signs', 'दुकान'],
    ['Tamil vowel signs', 'கடை'],
    ['Thai vowels and tones', 'ค้าปลีกที่'],
    ['Japanese voicing marks', 'バス パン がぎぐ'],
    ['a voicing mark that composes with nothing', 'あ\u3099'],
  ])('folding keeps marks that are not accents: %s', (_, text) => {
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
    ['a space that folding makes', 'a\u00B4b', ['a', 'b']],
    ['a word that is only a mark', 'a \u064E', ['a', '\u064E']],
    ['a word that is only tatweel', '\u0640\u0640', ['\u0640\u0640']],
    ['a word that is only a spacing accent', '\u00B4', ['\u00B4']],
  ])('%s: %j', (_, text, words) => {
    expect(foldTerms(text)).toEqual(words);
  });
});

describe('the terms of a query', () => {
  test.each([
    ['are folded', 'Été shop', ['ete', 'shop']],
    ['leave out a tatweel that stands for a dash', 'قناة ـ تجزئة', ['قناه', 'تجزيه']],
    ['leave out a lone accent', 'cafe \u0301', ['cafe']],
    ['include the tatweel if there is no other word', ' \u0640 ', ['\u0640']],
  ])('%s: %j', (_, text, words) => {
    expect(searchTerms(text)).toEqual(words);
  });
});

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      ...'aAßẞςΣİıᾳ\u0345\u0301\u0308\u00A8\u00B4 \u3000\u0640\u0674\u0675\uFDFA\u1112\u1161\u11AB\uD800\uDC00か\u034F\u309A\u309B\u3099\uFF9Eक\u093C\u093F\u0958ก\u0E33\u0E48\u06A9',
    ),
  ),
});

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
});

// The fold relies on this. A later version of Unicode may break it.
test('folding any Unicode character is idempotent, and the same for its upper and lower case', () => {
  const exceptions: string[] = [];
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
    const character = String.fromCodePoint(codePoint);
    const folded = foldText(character);
    // Saves time: most characters fold to themselves and have no upper or lower case.
    if (folded === character && character.toUpperCase() === character.toLowerCase()) continue;
    const variants = [folded, character.toUpperCase(), character.toLowerCase()];
    if (variants.some((variant) => foldText(variant) !== folded)) exceptions.push(codePoint.toString(16));
  }
  expect(exceptions).toEqual([]);
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
