import type { Channel } from '../../channels/channel.ts';
import { scalarAt } from '../../channels/scalar-at.ts';
import { foldText } from '../../text/fold.ts';
import type { ListFilter } from '../query/list-query.ts';

const matchesMetadata = (channel: Channel, conditions: NonNullable<ListFilter['metadata']>): boolean => {
  const filters: unknown = channel.integration_meta && JSON.parse(channel.integration_meta);
  return conditions.every(({ path, value }) => scalarAt(filters, path) === value);
};

/** Whether a channel fulfils every condition of a filter but its id ranges, which are part of what is read. */
export const matches = (channel: Channel, filter: ListFilter): boolean => {
  const { ids, names, localNames, terms, disabled, updatedAfter, metadata: filters } = filter;
  if (ids && !ids.includes(channel._id)) return false;
  if (names && !names.includes(channel.name)) return false;
  if (localNames && !localNames.includes(channel.local_name as string)) return false;
  if (disabled !== undefined && channel.disabled !== disabled) return false;
  if (updatedAfter !== undefined && channel.updatedAt <= updatedAfter) return false;
  if (terms) {
    const folded = foldText(channel.name);
    if (!terms.every((term) => folded.includes(term))) return false;
  }
  return !filters || matchesMetadata(channel, filters);
};
