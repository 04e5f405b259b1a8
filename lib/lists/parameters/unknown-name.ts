/** Goes on from an unknown name: which one was probably meant, or all there are. */
export const unknownName = (name: string, known: string[]): string => {
  const plain = withoutStyle(name);
  const meant = known.find((other) => isAboutEqual(plain, withoutStyle(other)));
  return `is not known ${meant ? `(did you mean ${meant}?)` : `(there are ${known.join(', ')})`}`;
};

/** `perPage` and `per-page` are `per_page` in the style of another API. */
const withoutStyle = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/** Equal, or one letter more, less, or other, or two swapped. */
const isAboutEqual = (one: string, other: string): boolean => {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [left, right] = [one, other].map((text) => text.slice(start, text.length - end)) as [string, string];
  return (
    (left.length <= 1 && right.length <= 1) || (left.length === 2 && left === [...right].reverse().join(''))
  );
};
