import type { Channel } from '../channels/channel.ts';
import type { Gap } from './cursor.ts';
import { compareFolded, cutToBytes, foldText } from './fold.ts';
import type { SortTerm } from './list-query.ts';

/** The fields that decide an order: `createdAt` is not among them, since ids sort as their times do. */
export interface OrderTerm {
  field: '_id' | 'name' | 'local_name' | 'disabled' | 'updatedAt';
  descending: boolean;
}

/** Bytes of a folded text that count for the order. */
const sortedBytes = 900;

/**
 * The order that a sort asks for: total, since it ends with the id, in the direction of the last field asked for.
 * Fields behind the id decide nothing and are left out, so that equal orders are equal.
 */
export const toOrder = (sort: SortTerm[]): OrderTerm[] => {
  const terms: OrderTerm[] = sort.map(({ field, descending }) => ({
    field: field === 'createdAt' ? '_id' : field,
    descending,
  }));
  const id = terms.findIndex(({ field }) => field === '_id');
  if (id >= 0) return terms.slice(0, id + 1);
  return [...terms, { field: '_id', descending: terms.at(-1)?.descending ?? false }];
};

/** `-name,-_id`: an order as a text that is the same for the same order alone. */
export const orderText = (order: OrderTerm[]): string =>
  order.map(({ field, descending }) => (descending ? `-${field}` : field)).join(',');

type Position = Gap['position'];

const sortValue = (channel: Channel, field: OrderTerm['field']): Position[number] => {
  const value = channel[field];
  if (value === undefined) return null;
  return field === 'name' || field === 'local_name'
    ? cutToBytes(foldText(value as string), sortedBytes)
    : value;
};

/** The values that place a channel in an order. */
export const positionOf = (channel: Channel, order: OrderTerm[]): Position =>
  order.map(({ field }) => sortValue(channel, field));

const compareValues = (a: Position[number], b: Position[number]): number => {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'string') return compareFolded(a, b as string);
  return a < b ? -1 : 1;
};

/** Compares two positions of one order; missing values come first and `false` before `true` when ascending. */
export const comparePositions = (a: Position, b: Position, order: OrderTerm[]): number => {
  for (const [index, { descending }] of order.entries()) {
    const compared = compareValues(a[index] ?? null, b[index] ?? null);
    if (compared) return descending ? -compared : compared;
  }
  return 0;
};

/** Whether a position lies behind a gap, in the order of the list. */
export const isBehind = (position: Position, gap: Gap, order: OrderTerm[]): boolean => {
  const compared = comparePositions(position, gap.position, order);
  return gap.side === 'after' ? compared > 0 : compared >= 0;
};
