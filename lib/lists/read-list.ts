import { createHash } from 'node:crypto';
import type { Channel } from '../channels/channel.ts';
import type { IdRange } from '../channels/id-range.ts';
import type { Table } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type Cursor, type CursorKeys, type Gap, openCursor, sealCursor } from './cursor.ts';
import { besideGap, between, readIdMark } from './id-range.ts';
import type { ListFilter, ListQuery } from './list-query.ts';
import { matches } from './match.ts';
import { comparePositions, isBehind, type OrderTerm, orderText, positionOf, toOrder } from './order.ts';
import {
  countChannels,
  readAllChannels,
  readByIds,
  readChannels,
  readFirstChannels,
  readTotal,
  skipChannels,
} from './partition.ts';
import { type Plan, planList } from './plan.ts';

export interface Pagination {
  page: number;
  per_page: number;
  pre_page: number;
  next_page: number;
  total: number;
  total_page: number;
  next_cursor?: string;
  prev_cursor?: string;
}

export interface List {
  channels: Channel[];
  pagination: Pagination;
}

/** Where the wanted page lies: behind so many channels, or beside a gap. */
type Place = { offset: number } | Cursor;

/** The page as it was found, with whether the list goes on at either side of it. */
interface Found {
  channels: Channel[];
  total: number;
  offset: number;
  hasPrevious: boolean;
  hasNext: boolean;
}

/** The same for the same filter, in whichever order its parameters came. It takes lone surrogates, which JSON can hold. */
const fingerprint = (filter: ListFilter): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(filter).sort(([one], [other]) => (one < other ? -1 : 1))))
    .digest('base64url')
    .slice(0, 22);

const isGap = (place: Place): place is Cursor => 'position' in place;

/**
 * What lies behind or before a gap, cut to a page, when one channel more than the page was read to see whether the list
 * goes on. `read` is nearest to the gap first.
 */
const pageAtGap = (read: Channel[], perPage: number, gap: Cursor, total: number): Found => {
  const goesOn = read.length > perPage;
  const nearest = read.slice(0, perPage);
  if (!gap.backward) {
    const { offset } = gap;
    return { channels: nearest, total, offset, hasPrevious: offset > 0, hasNext: goesOn };
  }
  const offset = goesOn ? Math.max(1, gap.offset - nearest.length) : 0;
  // Where the list goes on before the page, the gap's offset may be stale, and what lay behind the gap still does.
  const hasNext = goesOn || nearest.length < total;
  return { channels: nearest.reverse(), total, offset, hasPrevious: goesOn, hasNext };
};

/** A page to read: which list, and which part of it. */
interface Reading {
  table: Table;
  namespace: string;
  filter: ListFilter;
  order: OrderTerm[];
  place: Place;
  perPage: number;
}

const pageAtOffset = (read: Channel[], perPage: number, offset: number, total: number): Found => ({
  channels: read.slice(0, perPage),
  total,
  offset,
  hasPrevious: offset > 0 && read.length > 0,
  hasNext: read.length > perPage,
});

const walk = async (
  { table, namespace, place, perPage }: Reading,
  { range, descending, total }: Extract<Plan, { read: 'walk' }>,
): Promise<Found> => {
  const most = perPage + 1;
  const readTheTotal = () =>
    total === 'counters' ? readTotal(table, namespace) : countChannels(table, namespace, range);
  const readBehind = (gap: Gap) =>
    readChannels(table, namespace, besideGap(gap, descending, 'behind', range), descending, most);

  if (isGap(place)) {
    const before = besideGap(place, descending, 'before', range);
    const [read, count] = await Promise.all([
      place.backward ? readChannels(table, namespace, before, !descending, most) : readBehind(place),
      readTheTotal(),
    ]);
    return pageAtGap(read, perPage, place, count);
  }

  const { offset } = place;
  if (offset === 0 && total === 'counters' && !descending) {
    const first = await readFirstChannels(table, namespace, most);
    return pageAtOffset(first.channels, perPage, offset, first.total);
  }
  const readAtOffset = async (): Promise<Channel[]> => {
    if (offset === 0) return readChannels(table, namespace, range, descending, most);
    const last = await skipChannels(table, namespace, range, descending, offset);
    return last === undefined ? [] : readBehind({ position: [last], side: 'after' });
  };
  const [read, count] = await Promise.all([readAtOffset(), readTheTotal()]);
  return pageAtOffset(read, perPage, offset, count);
};

/** Filters and sorts what was read, and takes the page from it. */
const pick = ({ filter, order, place, perPage }: Reading, channels: Channel[]): Found => {
  const rows = channels
    .filter((channel) => matches(channel, filter))
    .map((channel) => ({ channel, position: positionOf(channel, order) }))
    .sort((a, b) => comparePositions(a.position, b.position, order));
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

const run = async (reading: Reading, plan: Plan): Promise<Found> => {
  const { table, namespace } = reading;
  switch (plan.read) {
    case 'walk':
      return walk(reading, plan);
    case 'ids':
      return pick(reading, await readByIds(table, namespace, plan.ids));
    case 'gather':
      return pick(reading, await readAllChannels(table, namespace, plan.range));
    case 'nothing':
      return pick(reading, []);
  }
};

/**
 * Reads one page of a list.
 * @throws ApiError `invalid_cursor`; `cursor_mismatch` for a cursor of a list with other filters or another order;
 * `query_too_broad` for what would read more than the budget.
 */
export const readList = async (
  table: Table,
  namespace: string,
  { filter, sort, page, perPage, cursor }: ListQuery,
  cursorKeys: CursorKeys,
): Promise<List> => {
  const order = toOrder(sort);
  const open = (text: string) => openCursor(text, namespace, cursorKeys);
  const list = { order: orderText(order), filter: fingerprint(filter) };
  const place: Place = cursor === undefined ? { offset: (page - 1) * perPage } : open(cursor);
  if (isGap(place) && (place.order !== list.order || place.filter !== list.filter))
    throw new ApiError(
      'cursor_mismatch',
      'The cursor belongs to a list with other filters or another order: send those it was made with.',
    );
  const mark = (text: string | undefined) => (text === undefined ? undefined : readIdMark(text, open));
  const range: IdRange = between(mark(filter.after), mark(filter.before));

  const plan = planList(filter, range, order);
  const found = await run({ table, namespace, filter, order, place, perPage }, plan);

  const seal = (channel: Channel | undefined, side: Gap['side'], offset: number): string | undefined =>
    channel &&
    sealCursor(
      { ...list, offset, backward: side === 'before', side, position: positionOf(channel, order) },
      namespace,
      cursorKeys,
    );
  const { channels, total, offset } = found;
  const number = Math.floor(offset / perPage) + 1;
  const next = found.hasNext ? seal(channels.at(-1), 'after', offset + channels.length) : undefined;
  const previous = found.hasPrevious ? seal(channels[0], 'before', offset) : undefined;
  return {
    channels,
    pagination: {
      page: number,
      per_page: perPage,
      pre_page: number - 1,
      next_page: next === undefined ? 0 : number + 1,
      total,
      total_page: Math.ceil(total / perPage),
      ...(next !== undefined && { next_cursor: next }),
      ...(previous !== undefined && { prev_cursor: previous }),
    },
  };
};
