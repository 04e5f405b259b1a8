import type { Channel } from '../../channels/channel.ts';
import { createdAtOf } from '../../channels/channel-id.ts';
import { compareFolded, sortText } from '../../text/fold.ts';
import type { CursorPosition } from '../cursor.ts';
import type { SortTerm } from '../query/list-query.ts';

export type OrderTerm = SortTerm;

/**
 * The order that a sort asks for: total, since it ends with the id, in the direction of the last field asked for.
 * Fields that decide nothing are left out, so that equal orders are equal: those behind the id, and `createdAt` right
 * before it, since ids sort as their times do. With a field between the two it stays: several channels may be created
 * in one millisecond.
 */
export const toOrder = (sort: SortTerm[]): OrderTerm[] => {
  const id = sort.findIndex(({ field }) => field === '_id');
  const last: SortTerm = sort[id] ?? { field: '_id', descending: sort.at(-1)?.descending ?? false };
  const before = id < 0 ? sort : sort.slice(0, id);
  const nearest = before.at(-1);
  const isImplied = nearest?.field === 'createdAt' && nearest.descending === last.descending;
  return [...(isImplied ? before.slice(0, -1) : before), last];
};

/** `-name,-_id`: an order as a text that is the same for the same order alone. */
export const orderText = (order: OrderTerm[]): string =>
  order.map(({ field, descending }) => (descending ? `-${field}` : field)).join(',');

type SortValues = CursorPosition['sortValues'];

/** What places a channel in an order: its id, and what else the order goes by. */
export type Sorted = Pick<Channel, '_id'> &
  Partial<Pick<Channel, 'name' | 'local_name' | 'disabled' | 'updatedAt'>>;

const sortValue = (channel: Sorted, field: OrderTerm['field']): SortValues[number] => {
  if (field === 'createdAt') return createdAtOf(channel._id);
  const value = channel[field];
  if (value === undefined) return null;
  return field === 'name' || field === 'local_name' ? sortText(value as string) : value;
};

/** The values that place a channel in an order. */
export const sortValuesOf = (channel: Sorted, order: OrderTerm[]): SortValues =>
  order.map(({ field }) => sortValue(channel, field));

const compareValues = (a: SortValues[number], b: SortValues[number]): number => {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'string') return compareFolded(a, b as string);
  return a < b ? -1 : 1;
};

/** Compares two positions of one order; missing values come first and `false` before `true` when ascending. */
export const compareSortValues = (a: SortValues, b: SortValues, order: OrderTerm[]): number => {
  for (const [index, { descending }] of order.entries()) {
    const compared = compareValues(a[index] ?? null, b[index] ?? null);
    if (compared) return descending ? -compared : compared;
  }
  return 0;
};

/** What stands at a position of a list. */
export interface SortedChannel<Row> {
  channel: Row;
  sortValues: SortValues;
}

/** Channels in an order, each with its position. */
export const sortChannels = <Row extends Sorted>(channels: Row[], order: OrderTerm[]): SortedChannel<Row>[] =>
  channels
    .map((channel) => ({ channel, position: sortValuesOf(channel, order) }))
    .sort((a, b) => compareSortValues(a.position, b.position, order));

/** Whether a position lies behind a gap, in the order of the list. */
export const isBehind = (position: SortValues, position: CursorPosition, order: OrderTerm[]): boolean => {
  const compared = compareSortValues(position, position.sortValues, order);
  return position.side === 'after' ? compared > 0 : compared >= 0;
};
