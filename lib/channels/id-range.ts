/** The ids from the first to the last, both included. */
export interface IdRange {
  first: string;
  last: string;
}

const lowest = '0'.repeat(24);
const highest = 'f'.repeat(24);

export const allIds: IdRange = { first: lowest, last: highest };

/** The ids that lie in both ranges. */
export const intersect = (one: IdRange, other: IdRange): IdRange => ({
  first: one.first > other.first ? one.first : other.first,
  last: one.last < other.last ? one.last : other.last,
});

export const includes = ({ first, last }: IdRange, id: string): boolean => first <= id && id <= last;

export const isEmpty = ({ first, last }: IdRange): boolean => first > last;

/** An empty range: its first id is greater than its last. */
export const noIds: IdRange = { first: highest, last: lowest };

const addTo = (id: string, by: 1n | -1n) => (BigInt(`0x${id}`) + by).toString(16).padStart(24, '0');

/** The ids of a range that are greater than `id`. */
export const above = (id: string, { first, last }: IdRange): IdRange => {
  if (id === highest) return noIds;
  const next = addTo(id, 1n);
  return { first: next > first ? next : first, last };
};

/** The ids of a range that are less than `id`. */
export const below = (id: string, { first, last }: IdRange): IdRange => {
  if (id === lowest) return noIds;
  const previous = addTo(id, -1n);
  return { first, last: previous < last ? previous : last };
};
