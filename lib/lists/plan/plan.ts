import { readChannelId } from '../../channels/channel-id.ts';
import { allIds, type IdRange, includes, isEmpty } from '../../channels/id-range.ts';
import { nameKey, statusKey } from '../../channels/index-keys.ts';
import { sortText } from '../../text/fold.ts';
import type { ListFilter } from '../query/list-query.ts';
import type { OrderTerm } from './order.ts';
import { type SortedIndex, type IndexRange, updatedSince } from './index-range.ts';

/**
 * From the namespace's counters, or by counting what is walked along, within a fixed budget; of what was updated after a
 * time, by counting that or the rest, whichever is less.
 */
type Total = 'counters' | 'count' | 'countEither';

/** The indexes that find channels by a value in their metadata, and hold their keys alone. */
export type LookupIndex = 'byExternalId' | 'byMetaId';

/**
 * How a list is read. A pure function of what is asked, so that the cost of a query can be told without running it:
 * - `walk`, `walkIndex`: the partition, or an index, is in the list's order, and only the page is read.
 * - `ids`: the channels that are named are read one by one, then filtered and sorted.
 * - `search`: the directory tells which channels hold the words; where the words alone decide and ids or names the order,
 *   only the page is read. Too many to be read one by one are read as they would be without the words.
 * - `references`: an index names the channels that bear a value; then as `ids`.
 * - `gatherIndex`, `gather`: all channels within bounds of an index, or of the partition, are read, then filtered and
 *   sorted, within a fixed budget.
 * - `nothing`: no channel can match.
 */
export type Plan =
  | { read: 'walk'; range: IdRange; descending: boolean; total: Exclude<Total, 'countEither'> }
  | { read: 'walkIndex'; stretch: IndexRange; descending: boolean; total: Total }
  | { read: 'ids'; ids: string[] }
  | { read: 'search'; words: string[]; range: IdRange; byWordsAlone: boolean; otherwise: Plan }
  | { read: 'references'; index: LookupIndex; value: string; range: IdRange }
  | { read: 'gatherIndex'; stretches: IndexRange[]; range: IdRange }
  | { read: 'gather'; range: IdRange }
  | { read: 'nothing' };

const isWhole = ({ first, last }: IdRange) => first === allIds.first && last === allIds.last;

/** Plans a list whose ids lie in a range. */
export const planList = (filter: ListFilter, range: IdRange, order: OrderTerm[]): Plan => {
  const { ids, names, localNames, updatedAfter } = filter;
  const cannotMatch =
    names?.length === 0 || localNames?.length === 0 || updatedAfter === Number.MAX_SAFE_INTEGER;
  if (isEmpty(range) || cannotMatch) return { read: 'nothing' };
  if (ids) return planIds(ids, range);
  if (filter.terms) return planSearch(filter, filter.terms, range, order);
  return planScan(filter, range, order) ?? planFetchAndFilter(filter, range);
};

const planSearch = (filter: ListFilter, terms: string[], range: IdRange, order: OrderTerm[]): Plan => {
  const { after, before, terms: _, ...others } = filter;
  const isByName = order.every(({ field }) => field === '_id' || field === 'name');
  return {
    read: 'search',
    words: terms,
    range,
    byWordsAlone: isByName && !Object.keys(others).length,
    otherwise: planFetchAndFilter(filter, range),
  };
};

const planIds = (requestedIds: string[], range: IdRange): Plan => {
  const ids = requestedIds.filter((id) => readChannelId(id) === id && includes(range, id));
  return ids.length ? { read: 'ids', ids } : { read: 'nothing' };
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

/** A plan that reads the page alone, where something is in the order of the list and holds nothing else. */
const planScan = (filter: ListFilter, range: IdRange, order: OrderTerm[]): Plan | undefined => {
  const { after, before, disabled, updatedAfter, ...others } = filter;
  // Channels of one status are all alike in it.
  const deciding = order.filter(({ field }) => field !== 'disabled' || disabled === undefined);
  const descending = deciding.at(-1)?.descending ?? false;
  if (Object.keys(others).length || deciding.some((term) => term.descending !== descending)) return undefined;

  const sortedBy = deciding.map(({ field }) => field).join();
  const total = isWhole(range) ? 'counters' : 'count';
  if (sortedBy === '_id' && updatedAfter === undefined)
    return disabled === undefined
      ? { read: 'walk', range, descending, total }
      : { read: 'walkIndex', stretch: statusRange(disabled, range), descending, total };

  const index = sortedIndexes[sortedBy];
  if (!index || disabled !== undefined || !isWhole(range)) return undefined;
  if (updatedAfter === undefined) return { read: 'walkIndex', stretch: { index }, descending, total };
  if (index !== 'byUpdatedAt') return undefined;
  return { read: 'walkIndex', stretch: updatedSince(updatedAfter), descending, total: 'countEither' };
};

const lookupIndexes: [LookupIndex, key: string][] = [
  ['byExternalId', 'external_id'],
  ['byMetaId', 'id'],
];

/** A plan that reads whatever may match, by the condition that as a rule leaves the least. */
const planFetchAndFilter = (filter: ListFilter, range: IdRange): Plan => {
  const { names, metadata: meta = [], updatedAfter, disabled } = filter;
  for (const [index, key] of lookupIndexes) {
    const condition = meta.find(({ path }) => path.length === 1 && path[0] === key);
    if (condition) return { read: 'references', index, value: condition.value, range };
  }
  if (names) return { read: 'gatherIndex', stretches: nameRanges(names, range), range };
  if (updatedAfter !== undefined)
    return { read: 'gatherIndex', stretches: [updatedSince(updatedAfter)], range };
  if (disabled !== undefined) return { read: 'gatherIndex', stretches: [statusRange(disabled, range)], range };
  return { read: 'gather', range };
};

const nameRanges = (names: string[], { first, last }: IdRange): IndexRange[] =>
  [...new Set(names.map(sortText))].map((sorted) => ({
    index: 'byName',
    first: nameKey(sorted, first),
    last: nameKey(sorted, last),
  }));
