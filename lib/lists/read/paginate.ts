import type { Channel } from '../../channels/channel.ts';
import type { ChannelTables } from '../../projections/channel-tables.ts';
import type { Cursor } from '../cursor.ts';
import type { ListFilter } from '../query/list-query.ts';
import type { OrderTerm } from '../plan/order.ts';

/** Where the wanted page lies: behind so many channels, or beside a gap. */
export type PageStart = { offset: number } | Cursor;

export const isCursor = (start: PageStart): start is Cursor => 'position' in start;

/** A page to read: which list, and which part of it. */
export interface PageRequest extends ChannelTables {
  namespace: string;
  filter: ListFilter;
  order: OrderTerm[];
  start: PageStart;
  perPage: number;
}

/** The page as it was found, with whether the list goes on at either side of it. */
export interface Page<Row = Channel> {
  channels: Row[];
  total: number;
  offset: number;
  hasPrevious: boolean;
  hasNext: boolean;
}

/** A page that begins behind so many channels, when one channel more was read to see whether the list goes on. */
export const pageAtOffset = <Row>(
  read: Row[],
  perPage: number,
  offset: number,
  total: number,
): Page<Row> => ({
  channels: read.slice(0, perPage),
  total,
  offset,
  hasPrevious: offset > 0,
  hasNext: read.length > perPage,
});

/**
 * What lies behind or before a gap, cut to a page, when one channel more than the page was read to see whether the list
 * goes on. `read` is nearest to the gap first. Where nothing is left on that side, whatever the list has lies on the
 * other.
 */
export const pageAtCursor = <Row>(read: Row[], perPage: number, cursor: Cursor, total: number): Page<Row> => {
  const goesOn = read.length > perPage;
  const nearest = read.slice(0, perPage);
  if (!cursor.backward) {
    const { offset } = cursor;
    const hasPrevious = nearest.length ? offset > 0 : total > 0;
    return { channels: nearest, total, offset, hasPrevious, hasNext: goesOn };
  }
  const offset = goesOn ? Math.max(1, cursor.offset - nearest.length) : 0;
  // Where the list goes on before the page, the gap's offset may be stale, and what lay behind the gap still does.
  const hasNext = goesOn || nearest.length < total;
  return { channels: nearest.reverse(), total, offset, hasPrevious: goesOn, hasNext };
};
