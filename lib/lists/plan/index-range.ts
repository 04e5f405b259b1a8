import { nameKey, statusKey } from '../../channels/index-keys.ts';
import type { CursorPosition } from '../cursor.ts';
import type { ListFilter } from '../query/list-query.ts';
import type { OrderTerm } from './order.ts';

/** The indexes that hold whole channels, sorted. */
export type SortedIndex = 'byName' | 'byUpdatedAt' | 'byStatus';

type Key = string | number;

/** The part of an index from one key to another, both included; where one is absent, it goes to the index's end. */
export interface IndexRange {
  index: SortedIndex;
  first?: Key;
  last?: Key;
}

/** The key under which an index holds the channel at a position of a list. */
export const indexKeyAt = (
  index: SortedIndex,
  sortValues: CursorPosition['sortValues'],
  order: OrderTerm[],
  { disabled }: ListFilter,
): Key => {
  const valueIn = (field: OrderTerm['field']) => sortValues[order.findIndex((term) => term.field === field)];
  const id = valueIn('_id') as string;
  switch (index) {
    case 'byName':
      return nameKey(valueIn('name') as string, id);
    case 'byUpdatedAt':
      return valueIn('updatedAt') as number;
    case 'byStatus':
      return statusKey(disabled ?? (valueIn('disabled') as boolean), id);
  }
};

/** What an index of times holds that is updated after a time, and the rest of it. */
export const updatedSince = (updatedAfter: number): IndexRange => ({
  index: 'byUpdatedAt',
  first: updatedAfter + 1,
});
export const updatedUntil = (updatedAfter: number): IndexRange => ({ index: 'byUpdatedAt', last: updatedAfter });

/** The part of a stretch from a key on, in the direction in which it is read. The key is one of the stretch. */
export const rangeFrom = (key: Key, range: IndexRange, descending: boolean): IndexRange => ({
  ...range,
  ...(descending ? { last: key } : { first: key }),
});
