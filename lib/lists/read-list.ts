import { createHash } from 'node:crypto';
import { ApiError } from '../api-error.ts';
import type { Channel } from '../channels/channel.ts';
import { includes } from '../channels/id-range.ts';
import type { ChannelTables } from '../projections/open-tables.ts';
import type { SealSecrets } from '../sealed-text.ts';
import { type CursorPosition, openCursor, sealCursor } from './cursor.ts';
import { checkDepth, maxDepthOf } from './limits.ts';
import type { Pagination } from './pagination.ts';
import { idRangeBetween, parseIdBound } from './plan/id-bounds.ts';
import { type OrderTerm, orderText, sortValuesOf, toOrder } from './plan/order.ts';
import { indexedKeys, type Plan, planList } from './plan/plan.ts';
import { metaName } from './query/metadata-filters.ts';
import type { ListFilter, ListQuery, SortTerm } from './query/parse-list-query.ts';
import { readIndexRanges } from './read/index-queries.ts';
import { lookUpChannels } from './read/look-up-by-metadata.ts';
import { matches } from './read/match-filters.ts';
import { isCursor, type Page, type PageRequest, type PageStart, paginate } from './read/paginate.ts';
import { readAllChannels, readByIds } from './read/partition.ts';
import { scanIndex } from './read/scan-index.ts';
import { scanPartition } from './read/scan-partition.ts';
import { searchChannels } from './read/search-channels.ts';

export interface List {
  channels: Channel[];
  pagination: Pagination;
  /** The highest `page` × `per_page` that this list allows. */
  maxDepth: number;
}

/** Makes comparable texts of values. They are JSON, because filters may contain lone surrogates. */
const sortedTexts = (values: unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();

/** Identifies the filters and the sort of a list. It does not depend on the order of the parameters or of their values. */
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
    case 'scanPartition':
      return scanPartition(request, plan);
    case 'ids':
      return paginateMatching(request, await readByIds(table, namespace, plan.ids));
    case 'search':
      return searchChannels(request, plan);
    case 'lookup':
      return paginateMatching(request, await lookUpChannels(table, namespace, plan));
    case 'scanIndex':
      return scanIndex(request, plan);
    case 'fetchIndex': {
      const read = await readIndexRanges(table, namespace, plan.indexRanges);
      return paginateMatching(
        request,
        read.filter(({ _id }) => includes(plan.idRange, _id)),
      );
    }
    case 'fetchPartition':
      return paginateMatching(request, await readAllChannels(table, namespace, plan.idRange));
    case 'nothing':
      return paginateMatching(request, []);
  }
};

const indexedNames = indexedKeys.map((key) => `${metaName}.${key}`).join(' and ');

/** Adds to `query_too_broad` which metadata keys are indexed, if the list filters by another one. */
const nameIndexedKeys = (error: unknown, { metadata = [] }: ListFilter): unknown => {
  if (!(error instanceof ApiError) || error.code !== 'query_too_broad') return error;
  if (
    metadata.every(
      ({ path: [key = '', ...more] }) => !more.length && indexedKeys.some((each) => each === key),
    )
  )
    return error;
  return new ApiError(
    error.code,
    `${error.message} Of the metadata keys, only ${indexedNames} are indexed.`,
    {
      cause: error,
    },
  );
};

/** Identifies a list in its cursors. */
interface ListIdentity {
  order: string;
  filter: string;
}

const startOf = (
  { page, perPage, cursor }: ListQuery,
  list: ListIdentity,
  open: (text: string) => PageStart,
): PageStart => {
  if (cursor === undefined) return { offset: (page - 1) * perPage };
  const start = open(cursor);
  if (isCursor(start) && (start.order !== list.order || start.filter !== list.filter))
    throw new ApiError(
      'cursor_mismatch',
      'The cursor belongs to a list with other filters or another order: send those it was made with.',
    );
  return start;
};

/** The pagination of a page. @param seal makes a cursor */
const paginationOf = (
  { channels, total, offset, hasNext, hasPrevious }: Page,
  { start, order, perPage }: { start: PageStart; order: OrderTerm[]; perPage: number },
  seal: (position: CursorPosition | undefined, backward: boolean, offset: number) => string | undefined,
): Pagination => {
  // An empty page has no channel. The client can only go back from it, starting at the position of its own cursor.
  const positionAt = (channel: Channel | undefined, side: CursorPosition['side']) => {
    if (channel) return { sortValues: sortValuesOf(channel, order), side };
    return isCursor(start) ? start : undefined;
  };
  const next = hasNext
    ? seal(positionAt(channels.at(-1), 'after'), false, offset + channels.length)
    : undefined;
  const previous = hasPrevious
    ? seal(positionAt(channels[0], 'before'), true, channels.length ? offset : total)
    : undefined;
  const page = Math.floor(offset / perPage) + 1;
  return {
    page,
    per_page: perPage,
    pre_page: page - 1,
    next_page: next === undefined ? 0 : page + 1,
    total,
    total_page: Math.ceil(total / perPage),
    ...(next !== undefined && { next_cursor: next }),
    ...(previous !== undefined && { prev_cursor: previous }),
  };
};

/**
 * Reads one page of a list.
 * @throws ApiError `invalid_cursor`; `cursor_mismatch` for a cursor of a list with other filters or another order;
 * `query_too_broad` if the list exceeds the read budget; `page_too_deep`; `unavailable`
 */
export const readList = async (
  tables: ChannelTables,
  namespace: string,
  query: ListQuery,
  secrets: SealSecrets,
): Promise<List> => {
  const { filter, sort, page, perPage } = query;
  const order = toOrder(sort);
  const list: ListIdentity = { order: orderText(order), filter: fingerprint(filter, sort) };
  const open = (text: string) => openCursor(text, namespace, secrets);
  const start = startOf(query, list, open);
  const boundOf = (text: string | undefined) => (text === undefined ? undefined : parseIdBound(text, open));
  const idRange = idRangeBetween(boundOf(filter.after), boundOf(filter.before));

  const plan = planList(filter, idRange, order);
  checkDepth(plan, page, perPage);
  const request = { ...tables, namespace, filter, order, start, perPage };
  const read = await executePlan(request, plan).catch((error: unknown) => {
    throw nameIndexedKeys(error, filter);
  });
  const seal = (position: CursorPosition | undefined, backward: boolean, offset: number) =>
    position && sealCursor({ ...list, ...position, backward, offset }, namespace, secrets);
  return {
    channels: read.channels,
    maxDepth: maxDepthOf(plan),
    pagination: paginationOf(read, { start, order, perPage }, seal),
  };
};
