import { isBehind, type Sorted, sortChannels } from './plan/order.ts';
import { type Page, isCursor, pageAtCursor, pageAtOffset, type PageRequest } from './read/paginate.ts';

/** Sorts all that a list holds, and takes the page from it. */
export const paginate = <Row extends Sorted>(
  { order, start, perPage }: Pick<PageRequest, 'order' | 'place' | 'perPage'>,
  all: Row[],
): Page<Row> => {
  const rows = sortChannels(all, order);
  const slice = (from: number, to: number) => rows.slice(Math.max(0, from), to).map(({ channel }) => channel);
  const total = rows.length;
  if (!isCursor(start)) {
    const { offset } = start;
    return pageAtOffset(slice(offset, offset + perPage + 1), perPage, offset, total);
  }
  const behind = rows.findIndex(({ sortValues: position }) => isBehind(position, start, order));
  const at = behind < 0 ? total : behind;
  const read = start.backward ? slice(at - perPage - 1, at).reverse() : slice(at, at + perPage + 1);
  return pageAtCursor(read, perPage, start, total);
};
