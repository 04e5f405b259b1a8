import { nameKey, statusKey } from '../../channels/index-keys.ts';
import type { CursorPosition } from '../cursor.ts';
import type { ListFilter } from '../query/parse-list-query.ts';
import type { OrderTerm } from './order.ts';

/** The indexes that hold whole channels, sorted. */
export type SortedIndex = 'byName' | 'byUpdatedAt' | 'byStatus';

type Key = string | number;

/** The part of an index between two keys, both included. Without a bound, it reaches the end of the index. */
export interface IndexRange {
  index: SortedIndex;
  first?: Key;
  last?: Key;
}

/** The key that an index has for a channel with these sort values. */
export const indexKeyAt = (
  index: SortedIndex,
  sortValues: CursorPosition['sortValues'],
  order: OrderTerm[],
  { disabled }: ListFilter,
): Key => {
  const sortValue = (field: OrderTerm['field']) =>
    sortValues[order.findIndex((term) => term.field === field)];
  const id = sortValue('_id') as string;
  switch (index) {
    case 'byName':
      return nameKey(sortValue('name') as string, id);
    case 'byUpdatedAt':
      return sortValue('updatedAt') as number;
    case 'byStatus':
      return statusKey(disabled ?? (sortValue('disabled') as boolean), id);
  }
};

/** The channels that were updated after a time, in milliseconds since the epoch. */
export const updatedSince = (updatedAfter: number): IndexRange => ({
  index: 'byUpdatedAt',
  first: updatedAfter + 1,
});

/** All other channels: those that `updatedSince` leaves out. */
export const updatedUntil = (updatedAfter: number): IndexRange => ({
  index: 'byUpdatedAt',
  last: updatedAfter,
});

/** The rest of a range for a scan that starts at a key in it. The rest includes the key. */
export const rangeFrom = (key: Key, range: IndexRange, descending: boolean): IndexRange => ({
  ...range,
  ...(descending ? { last: key } : { first: key }),
});
