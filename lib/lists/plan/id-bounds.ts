import { ApiError } from '../../api-error.ts';
import { parseChannelId } from '../../channels/channel-id.ts';
import { above, allIds, below, type IdRange } from '../../channels/id-range.ts';
import type { CursorPosition } from '../cursor.ts';

/**
 * The part of a range that comes before or after a position, in a list sorted by `_id`.
 * @param descending whether that list is in descending order
 */
export const rangeBeyond = (
  { sortValues, side }: CursorPosition,
  descending: boolean,
  part: 'before' | 'after',
  range: IdRange,
): IdRange => {
  const id = sortValues[0] as string;
  const isUpward = (part === 'after') !== descending;
  // The channel that defines the position is itself before or after it.
  const includesChannel = part !== side;
  if (isUpward)
    return includesChannel ? { ...range, first: id > range.first ? id : range.first } : above(id, range);
  return includesChannel ? { ...range, last: id < range.last ? id : range.last } : below(id, range);
};

/** An exclusive bound of ids: an id, or the position of a cursor of a list sorted by `_id`. */
export type IdBound = { id: string } | { position: CursorPosition; descending: boolean };

/**
 * Reads a value of `from__id` or `to__id`.
 * @param openCursor opens a cursor, and throws `invalid_cursor` for any other text
 * @throws ApiError `invalid_cursor`, also for a cursor of a list that is not sorted by `_id`
 */
export const parseIdBound = (
  text: string,
  openCursor: (text: string) => CursorPosition & { order: string },
): IdBound => {
  const id = parseChannelId(text);
  if (id) return { id };
  const cursor = openCursor(text);
  if (cursor.order !== '_id' && cursor.order !== '-_id')
    throw new ApiError('invalid_cursor', 'The cursor belongs to a list that is not sorted by "_id".');
  return { position: cursor, descending: cursor.order === '-_id' };
};

/** The ids above one bound and below another. */
export const idRangeBetween = (from: IdBound | undefined, to: IdBound | undefined): IdRange => {
  let range = allIds;
  if (from)
    range =
      'id' in from
        ? above(from.id, range)
        : rangeBeyond(from.position, from.descending, from.descending ? 'before' : 'after', range);
  if (to)
    range =
      'id' in to
        ? below(to.id, range)
        : rangeBeyond(to.position, to.descending, to.descending ? 'after' : 'before', range);
  return range;
};
