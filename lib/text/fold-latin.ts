/**
 * Latin letters with a stroke, a hook, a tail or the like, after decomposition and case folding. Unicode does not decompose
 * them, because the added part is not a mark of its own. These are all letters that the Unicode Character Database (17.0)
 * names "LATIN SMALL LETTER … WITH …".
 */
const modifiedLetters = {
  a: 'ᶏⱥ',
  b: 'ƀƃɓᵬᶀꞗ',
  c: 'ƈȼɕꞓꞔ𝼝',
  d: 'đƌȡɖɗᵭᶁᶑꟈ\u{1DF25}',
  e: 'ɇᶒⱸꬴ',
  f: 'ƒᵮᶂꞙ',
  g: 'ǥɠᶃꞡ',
  h: 'ħɦⱨꞕ',
  i: 'ɨᶖ𝼚',
  j: 'ɉʝ',
  k: 'ƙᶄⱪꝁꝃꝅꞣ',
  l: 'łƚȴɫɬɭᶅⱡꝉꞎꬷꬸꬹ𝼑𝼓\u{1DF26}',
  m: 'ɱᵯᶆꬺ',
  n: 'ƞȵɲɳᵰᶇꞑꞥꬻ\u{1DF27}',
  o: 'øⱺꝋꝍ𝼛',
  p: 'ƥᵱᵽᶈꝑꝓꝕ',
  q: 'ɋʠꝗꝙ',
  r: 'ɍɼɽɾᵲᵳᶉꞧꭉ𝼖\u{1DF28}',
  s: 'ȿʂᵴᶊꞩꟊ\uA7CD𝼞\u{1DF29}',
  t: 'ŧƫƭȶʈᵵⱦ𝼉\u{1DF2A}',
  u: 'ᶙꞹꭎꭒ',
  v: 'ʋᶌⱱⱴꝟ',
  w: 'ⱳ',
  x: 'ᶍꭖꭗꭘꭙ',
  y: 'ƴɏỿꭚ',
  z: 'ƶȥɀʐʑᵶᶎⱬ',
};

/** Other letters that people write with letters of the basic alphabet: ligatures, þ, ð, ŋ, and more strokes. */
const otherLetters = {
  aa: 'ꜳ',
  ae: 'æ',
  ao: 'ꜵ',
  au: 'ꜷ',
  av: 'ꜹꜻ',
  ay: 'ꜽ',
  d: 'ð',
  db: 'ȸ',
  dz: 'ʣ',
  // A barred e.
  e: 'ꬳ',
  // The g of phonetic script: it looks like the usual one.
  g: 'ɡ',
  hv: 'ƕ',
  // Without a dot, and without a dot but with a stroke.
  j: 'ȷɟ',
  ll: 'ỻ',
  ls: 'ʪ',
  lz: 'ʫ',
  n: 'ŋ',
  // A barred o.
  o: 'ɵ',
  oe: 'œ',
  oo: 'ꝏ',
  ou: 'ȣ',
  // The kra of Greenlandic, which is written q today.
  q: 'ĸ',
  qp: 'ȹ',
  // A long s with a stroke.
  s: 'ẜẝ',
  th: 'þꝥꝧᵺ',
  ts: 'ʦ',
  tz: 'ꜩ',
  // A barred u.
  u: 'ʉ',
  ue: 'ᵫ',
  vy: 'ꝡ',
};

const plainLetters = new Map(
  [modifiedLetters, otherLetters]
    .flatMap((letters) => Object.entries(letters))
    .flatMap(([plain, variants]) => [...variants].map((variant) => [variant, plain] as const)),
);

const variants = new RegExp(`[${[...plainLetters.keys()].join('')}]`, 'gu');

/** Folds the Latin letters that do not decompose to letters of the basic alphabet. Expects decomposed text in lower case. */
export const foldLatin = (text: string): string =>
  text.replace(variants, (letter) => plainLetters.get(letter) as string);
