import { createHash } from 'node:crypto';
import type { Channel } from '../channels/channel.ts';
import { type IdRange, includes } from '../channels/id-range.ts';
import type { Tables } from '../projections/channel-tables.ts';
import { ApiError } from '../errors.ts';
import { type CursorKeys, type Gap, openCursor, sealCursor } from './cursor.ts';
import { deepestOf, refuseTooDeep } from './depth.ts';
import { between, readIdBound } from './plan/id-bounds.ts';
import { readStretches } from './read/index-queries.ts';
import { walkIndex } from './read/scan-index.ts';
import type { ListFilter, ListQuery, SortTerm } from './query/list-query.ts';
import { matches } from './read/match.ts';
import { orderText, positionOf, toOrder } from './plan/order.ts';
import { type Found, isGap, type Place, type Reading } from './read/paginate.ts';
import { readAllChannels, readByIds } from './read/partition.ts';
import { walkPartition } from './read/scan-partition.ts';
import { pick } from './pick.ts';
import { type Plan, planList } from './plan/plan.ts';
import { readReferenced } from './read/lookup.ts';
import { readSearch } from './read/search-channels.ts';

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
  /** The last channel, counted from the first, that a page by number may show. */
  deepest: number;
}

/** JSON takes lone surrogates, which a filter can hold. */
const inOrder = (values: unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();

/** The same for filters that mean the same, in whichever order their parameters and the values of these came, and one sort. */
const fingerprint = (filter: ListFilter, sort: SortTerm[]): string => {
  const conditions = Object.entries(filter).map(([name, value]) => [
    name,
    Array.isArray(value) ? inOrder(value) : value,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([orderText(sort), ...inOrder(conditions)]))
    .digest('base64url')
    .slice(0, 22);
};

const pickMatching = (reading: Reading, channels: Channel[]): Found =>
  pick(
    reading,
    channels.filter((channel) => matches(channel, reading.filter)),
  );

const run = async (reading: Reading, plan: Plan): Promise<Found> => {
  const { channels: table, namespace } = reading;
  switch (plan.read) {
    case 'walk':
      return walkPartition(reading, plan);
    case 'ids':
      return pickMatching(reading, await readByIds(table, namespace, plan.ids));
    case 'search':
      return readSearch(reading, plan, () => run(reading, plan.otherwise));
    case 'references':
      return pickMatching(reading, await readReferenced(table, namespace, plan));
    case 'walkIndex':
      return walkIndex(reading, plan);
    case 'gatherIndex': {
      const read = await readStretches(table, namespace, plan.stretches);
      return pickMatching(
        reading,
        read.filter(({ _id }) => includes(plan.range, _id)),
      );
    }
    case 'gather':
      return pickMatching(reading, await readAllChannels(table, namespace, plan.range));
    case 'nothing':
      return pickMatching(reading, []);
  }
};

/**
 * Reads one page of a list.
 * @throws ApiError `invalid_cursor`; `cursor_mismatch` for a cursor of a list with other filters or another order;
 * `query_too_broad` for what would read more than the budget; `page_too_deep`.
 */
export const readList = async (
  tables: Tables,
  namespace: string,
  { filter, sort, page, perPage, cursor }: ListQuery,
  cursorKeys: CursorKeys,
): Promise<List> => {
  const order = toOrder(sort);
  const open = (text: string) => openCursor(text, namespace, cursorKeys);
  const list = { order: orderText(order), filter: fingerprint(filter, sort) };
  const place: Place = cursor === undefined ? { offset: (page - 1) * perPage } : open(cursor);
  if (isGap(place) && (place.order !== list.order || place.filter !== list.filter))
    throw new ApiError(
      'cursor_mismatch',
      'The cursor belongs to a list with other filters or another order: send those it was made with.',
    );
  const mark = (text: string | undefined) => (text === undefined ? undefined : readIdBound(text, open));
  const range: IdRange = between(mark(filter.after), mark(filter.before));

  const plan = planList(filter, range, order);
  refuseTooDeep(plan, page, perPage);
  const found = await run({ ...tables, namespace, filter, order, place, perPage }, plan);

  // A page without channels leaves the gap that it was asked for as the place to turn round at.
  const gapBeside = (channel: Channel | undefined, side: Gap['side']): Gap | undefined => {
    if (channel) return { position: positionOf(channel, order), side };
    return isGap(place) ? place : undefined;
  };
  const seal = (gap: Gap | undefined, backward: boolean, offset: number): string | undefined =>
    gap && sealCursor({ ...list, ...gap, backward, offset }, namespace, cursorKeys);
  const { channels, total, offset } = found;
  const number = Math.floor(offset / perPage) + 1;
  const next = found.hasNext
    ? seal(gapBeside(channels.at(-1), 'after'), false, offset + channels.length)
    : undefined;
  const previous = found.hasPrevious
    ? seal(gapBeside(channels[0], 'before'), true, channels.length ? offset : total)
    : undefined;
  return {
    channels,
    deepest: deepestOf(plan),
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
