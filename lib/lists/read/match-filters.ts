import type { Channel } from '../../channels/channel.ts';
import { scalarAt } from '../../channels/scalar-at.ts';
import { searchableText } from '../../channels/searchable-text.ts';
import type { ListFilter } from '../query/parse-list-query.ts';

const matchesMetadata = (channel: Channel, filters: NonNullable<ListFilter['metadata']>): boolean => {
  const meta: unknown = channel.integration_meta && JSON.parse(channel.integration_meta);
  return filters.every(({ path, values }) => values.includes(scalarAt(meta, path) as string));
};

/** Whether a channel matches all filters, except for the id range, which the plan has applied already. */
export const matches = (channel: Channel, filter: ListFilter): boolean => {
  const { ids, names, localNames, terms, disabled, updatedAfter, metadata } = filter;
  if (ids && !ids.includes(channel._id)) return false;
  if (names && !names.includes(channel.name)) return false;
  if (localNames && !localNames.includes(channel.local_name as string)) return false;
  if (disabled !== undefined && channel.disabled !== disabled) return false;
  if (updatedAfter !== undefined && channel.updatedAt <= updatedAfter) return false;
  if (terms) {
    const text = searchableText(channel);
    if (!terms.every((term) => text.includes(term))) return false;
  }
  return !metadata || matchesMetadata(channel, metadata);
};
