import { readChannelId } from '../../channels/channel-id.ts';
import { above, below, allIds, type IdRange } from '../../channels/id-range.ts';
import { ApiError } from '../../errors.ts';
import type { CursorPosition } from '../cursor.ts';

/** The part of a range that lies behind a gap in a list by id, or before it. */
export const rangeBeyond = (
  { sortValues: position, side }: CursorPosition,
  descending: boolean,
  part: 'behind' | 'before',
  range: IdRange,
): IdRange => {
  const id = position[0] as string;
  const upwards = (part === 'behind') !== descending;
  // The channel that the gap is told by lies on one of its sides.
  const withIt = (part === 'behind') === (side === 'before');
  if (upwards) return withIt ? { ...range, first: id > range.first ? id : range.first } : above(id, range);
  return withIt ? { ...range, last: id < range.last ? id : range.last } : below(id, range);
};

/** A place among ids: a channel's id, or the gap of a cursor of a list by id. */
export type IdBound = { id: string } | { position: CursorPosition; descending: boolean };

/**
 * Reads what `from__id` and `to__id` take.
 * @param open opens a cursor, and throws `invalid_cursor` for what is none
 * @throws ApiError `invalid_cursor` also for a cursor of a list in another order
 */
export const readIdBound = (text: string, open: (text: string) => CursorPosition & { order: string }): IdBound => {
  const id = readChannelId(text);
  if (id) return { id };
  const cursor = open(text);
  if (cursor.order !== '_id' && cursor.order !== '-_id')
    throw new ApiError('invalid_cursor', 'The cursor is of a list in another order than by "_id".');
  return { position: cursor, descending: cursor.order === '-_id' };
};

/** The range above one mark and below another. */
export const idRangeBetween = (from: IdBound | undefined, to: IdBound | undefined): IdRange => {
  let range = allIds;
  if (from)
    range =
      'id' in from
        ? above(from.id, range)
        : rangeBeyond(from.position, from.descending, from.descending ? 'before' : 'behind', range);
  if (to)
    range =
      'id' in to
        ? below(to.id, range)
        : rangeBeyond(to.position, to.descending, to.descending ? 'behind' : 'before', range);
  return range;
};
