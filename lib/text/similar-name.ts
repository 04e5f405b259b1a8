/**
 * Finds the known name that a misspelt one probably stands for. Names of one or two letters must be equal, because all
 * short names are alike. Of a path, the last name counts: `external_id` stands for `integration_meta.external_id`.
 */
export const similarName = (name: string, known: string[]): string | undefined => {
  const plain = lettersOf(name);
  return known.find((other) => {
    const known = lettersOf(other.slice(other.lastIndexOf('.') + 1));
    return plain === known || (plain.length > 2 && isOneEditApart(plain, known));
  });
};

/** Removes the style of a name: `perPage`, `per-page` and `per_page` have the same letters. */
const lettersOf = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/** Whether two names are equal or differ by one edit: a letter added, removed or replaced, or two letters swapped. */
const isOneEditApart = (one: string, other: string): boolean => {
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
