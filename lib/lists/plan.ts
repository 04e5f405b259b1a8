import { readChannelId } from '../channels/channel-id.ts';
import { everyId, type IdRange, isEmpty } from '../channels/id-range.ts';
import type { ListFilter } from './list-query.ts';
import type { OrderTerm } from './order.ts';

/**
 * How a list is read. A pure function of what is asked, so that the cost of a query can be told without running it:
 * - `walk`: the partition is in the list's order, and only the page is read. The total comes from the counters, or,
 *   where the ids are bounded, from counting what lies between the bounds.
 * - `ids`: the channels that are named are read one by one, then filtered and sorted.
 * - `gather`: all channels within the bounds are read, then filtered and sorted, within a fixed budget.
 * - `nothing`: no channel can match.
 */
export type Plan =
  | { read: 'walk'; range: IdRange; descending: boolean; total: 'counters' | 'count' }
  | { read: 'ids'; ids: string[] }
  | { read: 'gather'; range: IdRange }
  | { read: 'nothing' };

/** Plans a list whose ids lie in a range. */
export const planList = (filter: ListFilter, range: IdRange, order: OrderTerm[]): Plan => {
  if (isEmpty(range)) return { read: 'nothing' };
  if (filter.ids) {
    const ids = filter.ids.filter((id) => readChannelId(id) === id && range.first <= id && id <= range.last);
    return ids.length ? { read: 'ids', ids } : { read: 'nothing' };
  }
  if (filter.names?.length === 0 || filter.localNames?.length === 0) return { read: 'nothing' };
  const { after, before, ...residual } = filter;
  const [first] = order;
  if (Object.keys(residual).length || first?.field !== '_id') return { read: 'gather', range };
  const isWhole = range.first === everyId.first && range.last === everyId.last;
  return { read: 'walk', range, descending: first.descending, total: isWhole ? 'counters' : 'count' };
};
