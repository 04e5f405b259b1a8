/** Which of the known names was probably meant by another, or nothing. Of one or two letters none is like another. */
export const similarName = (name: string, known: string[]): string | undefined => {
  const plain = withoutStyle(name);
  return known.find((other) => {
    const known = withoutStyle(other);
    return plain === known || (plain.length > 2 && isAboutEqual(plain, known));
  });
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
