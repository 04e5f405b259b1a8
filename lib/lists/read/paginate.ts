import type { Channel } from '../../channels/channel.ts';
import type { ChannelTables } from '../../projections/open-tables.ts';
import type { Cursor } from '../cursor.ts';
import { isAfter, type OrderTerm, type Sorted, sortChannels } from '../plan/order.ts';
import type { ListFilter } from '../query/parse-list-query.ts';

/** Where a page starts: after a number of channels, or at the position of a cursor. */
export type PageStart = { offset: number } | Cursor;

export const isCursor = (start: PageStart): start is Cursor => 'sortValues' in start;

/** A page to read: its list, and the position at which it starts. */
export interface PageRequest extends ChannelTables {
  namespace: string;
  filter: ListFilter;
  order: OrderTerm[];
  start: PageStart;
  perPage: number;
}

/** A page that was read. */
export interface Page<Row = Channel> {
  channels: Row[];
  total: number;
  offset: number;
  /** Whether the list has channels before this page. */
  hasPrevious: boolean;
  /** Whether the list has channels after this page. */
  hasNext: boolean;
}

/** Makes a page that starts after `offset` channels. @param read the channels of the page, and one more if there is one */
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
 * Makes a page that starts or ends at a cursor. If no channel is left on that side of the cursor, all channels of the
 * list lie on the other side.
 * @param read the channels on that side, nearest to the cursor first: those of the page, and one more if there is one
 */
export const pageAtCursor = <Row>(read: Row[], perPage: number, cursor: Cursor, total: number): Page<Row> => {
  const hasMore = read.length > perPage;
  const nearest = read.slice(0, perPage);
  if (!cursor.backward) {
    const { offset } = cursor;
    const hasPrevious = nearest.length ? offset > 0 : total > 0;
    return { channels: nearest, total, offset, hasPrevious, hasNext: hasMore };
  }
  const offset = hasMore ? Math.max(1, cursor.offset - nearest.length) : 0;
  // If there are more channels before the page, those after the cursor are still there, even if its offset is stale.
  const hasNext = hasMore || nearest.length < total;
  return { channels: nearest.reverse(), total, offset, hasPrevious: hasMore, hasNext };
};

/** Sorts all channels of a list, and takes the page from them. */
export const paginate = <Row extends Sorted>(
  { order, start, perPage }: Pick<PageRequest, 'order' | 'start' | 'perPage'>,
  all: Row[],
): Page<Row> => {
  const rows = sortChannels(all, order);
  const slice = (from: number, to: number) => rows.slice(Math.max(0, from), to).map(({ channel }) => channel);
  const total = rows.length;
  if (!isCursor(start)) {
    const { offset } = start;
    return pageAtOffset(slice(offset, offset + perPage + 1), perPage, offset, total);
  }
  const firstAfter = rows.findIndex(({ sortValues }) => isAfter(sortValues, start, order));
  const index = firstAfter < 0 ? total : firstAfter;
  const read = start.backward
    ? slice(index - perPage - 1, index).reverse()
    : slice(index, index + perPage + 1);
  return pageAtCursor(read, perPage, start, total);
};
