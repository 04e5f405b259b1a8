import type { Channel } from '../../channels/channel.ts';
import { createdAtOf } from '../../channels/channel-id.ts';
import { compareFolded, sortText } from '../../text/fold.ts';
import type { CursorPosition } from '../cursor.ts';
import type { SortTerm } from '../query/parse-list-query.ts';

/** One field of an order, with its direction. A client asks for a sort; `toOrder` completes it to an order. */
export type OrderTerm = SortTerm;

/**
 * Completes a sort to a total order. The order ends with the id. If the sort does not name the id, the id has the
 * direction of the last field.
 *
 * Fields that decide nothing are left out, so that sorts with the same result have the same order:
 * - fields after the id;
 * - `createdAt` directly before the id, because ids sort by their time of creation. With a field between the two,
 *   `createdAt` stays, because several channels may be created in one millisecond.
 */
export const toOrder = (sort: SortTerm[]): OrderTerm[] => {
  const idIndex = sort.findIndex(({ field }) => field === '_id');
  const last: SortTerm = sort[idIndex] ?? { field: '_id', descending: sort.at(-1)?.descending ?? false };
  const others = idIndex < 0 ? sort : sort.slice(0, idIndex);
  const beforeId = others.at(-1);
  const isImplied = beforeId?.field === 'createdAt' && beforeId.descending === last.descending;
  return [...(isImplied ? others.slice(0, -1) : others), last];
};

/** An order as text, such as `-name,-_id`. Different orders have different texts. */
export const orderText = (order: OrderTerm[]): string =>
  order.map(({ field, descending }) => (descending ? `-${field}` : field)).join(',');

type SortValues = CursorPosition['sortValues'];

/** The fields of a channel that can be sorted by. Only the fields of the order at hand are needed. */
export type Sorted = Pick<Channel, '_id'> &
  Partial<Pick<Channel, 'name' | 'local_name' | 'disabled' | 'updatedAt'>>;

const sortValue = (channel: Sorted, field: OrderTerm['field']): SortValues[number] => {
  if (field === 'createdAt') return createdAtOf(channel._id);
  const value = channel[field];
  if (value === undefined) return null;
  return field === 'name' || field === 'local_name' ? sortText(value as string) : value;
};

/** The values of a channel that an order compares: folded texts, and `null` for a missing value. */
export const sortValuesOf = (channel: Sorted, order: OrderTerm[]): SortValues =>
  order.map(({ field }) => sortValue(channel, field));

const compareValues = (a: SortValues[number], b: SortValues[number]): number => {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'string') return compareFolded(a, b as string);
  return a < b ? -1 : 1;
};

/**
 * Compares the sort values of two channels in one order. In an ascending order, missing values come first, and `false`
 * comes before `true`.
 */
export const compareSortValues = (a: SortValues, b: SortValues, order: OrderTerm[]): number => {
  for (const [index, { descending }] of order.entries()) {
    const compared = compareValues(a[index] ?? null, b[index] ?? null);
    if (compared) return descending ? -compared : compared;
  }
  return 0;
};

/** A channel with the values by which it was sorted. */
export interface SortedChannel<Row> {
  channel: Row;
  sortValues: SortValues;
}

/** Sorts channels. Each comes with its sort values, so that these are computed once for a channel. */
export const sortChannels = <Row extends Sorted>(channels: Row[], order: OrderTerm[]): SortedChannel<Row>[] =>
  channels
    .map((channel) => ({ channel, sortValues: sortValuesOf(channel, order) }))
    .sort((a, b) => compareSortValues(a.sortValues, b.sortValues, order));

/** Whether a channel with these sort values comes after a position, in the order of the list. */
export const isAfter = (sortValues: SortValues, position: CursorPosition, order: OrderTerm[]): boolean => {
  const compared = compareSortValues(sortValues, position.sortValues, order);
  return position.side === 'after' ? compared > 0 : compared >= 0;
};
