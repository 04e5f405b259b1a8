import { isBehind, type Sorted, sortChannels } from './plan/order.ts';
import { type Found, isGap, pageAtGap, pageAtOffset, type Reading } from './read/paginate.ts';

/** Sorts all that a list holds, and takes the page from it. */
export const pick = <Row extends Sorted>(
  { order, place, perPage }: Pick<Reading, 'order' | 'place' | 'perPage'>,
  all: Row[],
): Found<Row> => {
  const rows = sortChannels(all, order);
  const slice = (from: number, to: number) => rows.slice(Math.max(0, from), to).map(({ channel }) => channel);
  const total = rows.length;
  if (!isGap(place)) {
    const { offset } = place;
    return pageAtOffset(slice(offset, offset + perPage + 1), perPage, offset, total);
  }
  const behind = rows.findIndex(({ position }) => isBehind(position, place, order));
  const at = behind < 0 ? total : behind;
  const read = place.backward ? slice(at - perPage - 1, at).reverse() : slice(at, at + perPage + 1);
  return pageAtGap(read, perPage, place, total);
};
