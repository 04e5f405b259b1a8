import { nameKey, statusKey } from '../../channels/index-keys.ts';
import type { Gap } from '../cursor.ts';
import type { ListFilter } from '../query/list-query.ts';
import type { OrderTerm } from './order.ts';

/** The indexes that hold whole channels, sorted. */
export type SortedIndex = 'byName' | 'byUpdatedAt' | 'byStatus';

type Key = string | number;

/** The part of an index from one key to another, both included; where one is absent, it goes to the index's end. */
export interface Stretch {
  index: SortedIndex;
  first?: Key;
  last?: Key;
}

/** The key under which an index holds the channel at a position of a list. */
export const keyAt = (
  index: SortedIndex,
  position: Gap['position'],
  order: OrderTerm[],
  { disabled }: ListFilter,
): Key => {
  const valueIn = (field: OrderTerm['field']) => position[order.findIndex((term) => term.field === field)];
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
export const updatedSince = (updatedAfter: number): Stretch => ({
  index: 'byUpdatedAt',
  first: updatedAfter + 1,
});
export const updatedUntil = (updatedAfter: number): Stretch => ({ index: 'byUpdatedAt', last: updatedAfter });

/** The part of a stretch from a key on, in the direction in which it is read. The key is one of the stretch. */
export const onwardsFrom = (key: Key, stretch: Stretch, descending: boolean): Stretch => ({
  ...stretch,
  ...(descending ? { last: key } : { first: key }),
});
