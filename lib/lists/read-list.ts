import { createHash } from 'node:crypto';
import type { Channel } from '../channels/channel.ts';
import { type IdRange, includes } from '../channels/id-range.ts';
import type { ChannelTables } from '../projections/channel-tables.ts';
import { ApiError } from '../errors.ts';
import { type CursorSecrets, type CursorPosition, openCursor, sealCursor } from './cursor.ts';
import { maxDepthOf, checkDepth } from './depth.ts';
import { idRangeBetween, readIdBound } from './plan/id-bounds.ts';
import { readIndexRanges } from './read/index-queries.ts';
import { scanIndex } from './read/scan-index.ts';
import type { ListFilter, ListQuery, SortTerm } from './query/list-query.ts';
import { matches } from './read/match.ts';
import { orderText, sortValuesOf, toOrder } from './plan/order.ts';
import { type Page, isCursor, type PageStart, type PageRequest } from './read/paginate.ts';
import { readAllChannels, readByIds } from './read/partition.ts';
import { scanPartition } from './read/scan-partition.ts';
import { paginate } from './pick.ts';
import { type Plan, planList } from './plan/plan.ts';
import { lookUpChannels } from './read/lookup.ts';
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
const sortedTexts = (values: unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();

/** The same for filters that mean the same, in whichever order their parameters and the values of these came, and one sort. */
const fingerprint = (filter: ListFilter, sort: SortTerm[]): string => {
  const conditions = Object.entries(filter).map(([name, value]) => [
    name,
    Array.isArray(value) ? sortedTexts(value) : value,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([orderText(sort), ...sortedTexts(conditions)]))
    .digest('base64url')
    .slice(0, 22);
};

const paginateMatching = (request: PageRequest, channels: Channel[]): Page =>
  paginate(
    request,
    channels.filter((channel) => matches(channel, request.filter)),
  );

const executePlan = async (request: PageRequest, plan: Plan): Promise<Page> => {
  const { channels: table, namespace } = request;
  switch (plan.read) {
    case 'walk':
      return scanPartition(request, plan);
    case 'ids':
      return paginateMatching(request, await readByIds(table, namespace, plan.ids));
    case 'search':
      return readSearch(request, plan, () => executePlan(request, plan.otherwise));
    case 'references':
      return paginateMatching(request, await lookUpChannels(table, namespace, plan));
    case 'walkIndex':
      return scanIndex(request, plan);
    case 'gatherIndex': {
      const read = await readIndexRanges(table, namespace, plan.stretches);
      return paginateMatching(
        request,
        read.filter(({ _id }) => includes(plan.range, _id)),
      );
    }
    case 'gather':
      return paginateMatching(request, await readAllChannels(table, namespace, plan.range));
    case 'nothing':
      return paginateMatching(request, []);
  }
};

/**
 * Reads one page of a list.
 * @throws ApiError `invalid_cursor`; `cursor_mismatch` for a cursor of a list with other filters or another order;
 * `query_too_broad` for what would read more than the budget; `page_too_deep`.
 */
export const readList = async (
  tables: ChannelTables,
  namespace: string,
  { filter, sort, page, perPage, cursor }: ListQuery,
  cursorKeys: CursorSecrets,
): Promise<List> => {
  const order = toOrder(sort);
  const open = (text: string) => openCursor(text, namespace, cursorKeys);
  const list = { order: orderText(order), filter: fingerprint(filter, sort) };
  const start: PageStart = cursor === undefined ? { offset: (page - 1) * perPage } : open(cursor);
  if (isCursor(start) && (start.order !== list.order || start.filter !== list.filter))
    throw new ApiError(
      'cursor_mismatch',
      'The cursor belongs to a list with other filters or another order: send those it was made with.',
    );
  const readBound = (text: string | undefined) => (text === undefined ? undefined : readIdBound(text, open));
  const range: IdRange = idRangeBetween(readBound(filter.after), readBound(filter.before));

  const plan = planList(filter, range, order);
  checkDepth(plan, page, perPage);
  const page = await executePlan({ ...tables, namespace, filter, order, start, perPage }, plan);

  // A page without channels leaves the gap that it was asked for as the place to turn round at.
  const positionBeside = (channel: Channel | undefined, side: CursorPosition['side']): CursorPosition | undefined => {
    if (channel) return { sortValues: sortValuesOf(channel, order), side };
    return isCursor(start) ? start : undefined;
  };
  const seal = (position: CursorPosition | undefined, backward: boolean, offset: number): string | undefined =>
    position && sealCursor({ ...list, ...position, backward, offset }, namespace, cursorKeys);
  const { channels, total, offset } = page;
  const number = Math.floor(offset / perPage) + 1;
  const next = page.hasNext
    ? seal(positionBeside(channels.at(-1), 'after'), false, offset + channels.length)
    : undefined;
  const previous = page.hasPrevious
    ? seal(positionBeside(channels[0], 'before'), true, channels.length ? offset : total)
    : undefined;
  return {
    channels,
    deepest: maxDepthOf(plan),
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
