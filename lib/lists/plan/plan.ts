import { parseChannelId } from '../../channels/channel-id.ts';
import type { ExternalKeyPath } from '../../channels/external-keys.ts';
import { allIds, type IdRange, includes, isEmpty } from '../../channels/id-range.ts';
import { nameKey, statusKey } from '../../channels/index-keys.ts';
import { sortText } from '../../text/fold.ts';
import type { ListFilter } from '../query/parse-list-query.ts';
import { type IndexRange, type SortedIndex, updatedSince } from './index-range.ts';
import type { OrderTerm } from './order.ts';

/**
 * How the total of a scan is found:
 * - `counters`: from the counters of the namespace.
 * - `count`: by counting the scanned range, within a fixed budget.
 * - `countSmallerSide`: by counting the channels updated after a time, or the others, whichever are fewer.
 */
type Total = 'counters' | 'count' | 'countSmallerSide';

/** A filter by a metadata key that the external keys know: any of these values. */
export interface Lookup {
  path: ExternalKeyPath;
  values: string[];
}

/**
 * How a list is read. A plan depends only on the query, so that the cost of a query is known before it runs.
 * - `scanPartition`, `scanIndex`: the partition, or an index, already has the order of the list. Only the page is read.
 * - `ids`: read the named channels one by one, then filter and sort.
 * - `search`: the search index finds the channels that hold the terms. If only the terms decide and the list is sorted
 *   by ids or names, only the page is read. Otherwise all channels that were found are read; then as `ids`. If another
 *   filter is a lookup, it finds the channels instead of the search index, unless too many have one of its values.
 * - `lookup`: the external keys tell which channels have one of several metadata values; then as `ids`.
 * - `fetchIndex`, `fetchPartition`: read all channels in ranges of an index, or of the partition, within a fixed budget;
 *   then filter and sort.
 * - `nothing`: no channel can match.
 */
export type Plan =
  | {
      read: 'scanPartition';
      idRange: IdRange;
      descending: boolean;
      total: Exclude<Total, 'countSmallerSide'>;
    }
  | { read: 'scanIndex'; indexRange: IndexRange; descending: boolean; total: Total }
  | { read: 'ids'; ids: string[] }
  | { read: 'search'; terms: string[]; idRange: IdRange; termsDecide: boolean; lookup?: Lookup }
  | { read: 'lookup'; lookup: Lookup; idRange: IdRange }
  | { read: 'fetchIndex'; indexRanges: IndexRange[]; idRange: IdRange }
  | { read: 'fetchPartition'; idRange: IdRange }
  | { read: 'nothing' };

const isWhole = ({ first, last }: IdRange) => first === allIds.first && last === allIds.last;

/** Plans a list of channels whose ids are in a range. */
export const planList = (filter: ListFilter, idRange: IdRange, order: OrderTerm[]): Plan => {
  const { ids, names, localNames, terms, metadata } = filter;
  const cannotMatch =
    names?.length === 0 || localNames?.length === 0 || metadata?.some(({ values }) => values.length === 0);
  if (isEmpty(idRange) || cannotMatch) return { read: 'nothing' };
  if (ids) return planIds(ids, idRange);
  if (terms) return planSearch(filter, terms, idRange, order);
  return planScan(filter, idRange, order) ?? planFetchAndFilter(filter, idRange);
};

const planIds = (requestedIds: string[], idRange: IdRange): Plan => {
  const ids = requestedIds.filter((id) => parseChannelId(id) === id && includes(idRange, id));
  return ids.length ? { read: 'ids', ids } : { read: 'nothing' };
};

const planSearch = (filter: ListFilter, terms: string[], idRange: IdRange, order: OrderTerm[]): Plan => {
  const { after, before, terms: _, ...others } = filter;
  const isByName = order.every(({ field }) => field === '_id' || field === 'name');
  const lookup = lookupOf(filter);
  return {
    read: 'search',
    terms,
    idRange,
    termsDecide: isByName && !Object.keys(others).length,
    ...(lookup && { lookup }),
  };
};

const statusRange = (disabled: boolean, { first, last }: IdRange): IndexRange => ({
  index: 'byStatus',
  first: statusKey(disabled, first),
  last: statusKey(disabled, last),
});

const sortedIndexes: Record<string, SortedIndex> = {
  'name,_id': 'byName',
  'updatedAt,_id': 'byUpdatedAt',
  'disabled,_id': 'byStatus',
};

/** Plans to read only the page, if the partition or an index has the order of the list and holds nothing else. */
const planScan = (filter: ListFilter, idRange: IdRange, order: OrderTerm[]): Plan | undefined => {
  const { after, before, disabled, updatedAfter, ...others } = filter;
  // If the list is filtered by status, sorting by status changes nothing.
  const deciding = order.filter(({ field }) => field !== 'disabled' || disabled === undefined);
  const descending = deciding.at(-1)?.descending ?? false;
  if (Object.keys(others).length || deciding.some((term) => term.descending !== descending)) return undefined;

  const sortedBy = deciding.map(({ field }) => field).join();
  const total = isWhole(idRange) ? 'counters' : 'count';
  if (sortedBy === '_id' && updatedAfter === undefined)
    return disabled === undefined
      ? { read: 'scanPartition', idRange, descending, total }
      : { read: 'scanIndex', indexRange: statusRange(disabled, idRange), descending, total };

  const index = sortedIndexes[sortedBy];
  if (!index || disabled !== undefined || !isWhole(idRange)) return undefined;
  if (updatedAfter === undefined) return { read: 'scanIndex', indexRange: { index }, descending, total };
  if (index !== 'byUpdatedAt') return undefined;
  return {
    read: 'scanIndex',
    indexRange: updatedSince(updatedAfter),
    descending,
    total: 'countSmallerSide',
  };
};

/** The metadata keys that can be looked up. */
export const indexedKeys: readonly ExternalKeyPath[] = ['external_id', 'id'];

const lookupOf = ({ metadata = [] }: ListFilter): Lookup | undefined => {
  for (const path of indexedKeys) {
    const condition = metadata.find((each) => each.path.length === 1 && each.path[0] === path);
    if (condition) return { path, values: condition.values };
  }
  return undefined;
};

/** Plans to read all channels that may match, by the condition that usually leaves the fewest. */
const planFetchAndFilter = (filter: ListFilter, idRange: IdRange): Plan => {
  const { names, updatedAfter, disabled } = filter;
  const lookup = lookupOf(filter);
  if (lookup) return { read: 'lookup', lookup, idRange };
  const fetchIndex = (...indexRanges: IndexRange[]): Plan => ({ read: 'fetchIndex', indexRanges, idRange });
  if (names) return fetchIndex(...nameRanges(names, idRange));
  if (updatedAfter !== undefined) return fetchIndex(updatedSince(updatedAfter));
  if (disabled !== undefined) return fetchIndex(statusRange(disabled, idRange));
  return { read: 'fetchPartition', idRange };
};

const nameRanges = (names: string[], { first, last }: IdRange): IndexRange[] =>
  [...new Set(names.map(sortText))].map((sorted) => ({
    index: 'byName',
    first: nameKey(sorted, first),
    last: nameKey(sorted, last),
  }));
