import type { Channel } from '../../channels/channel.ts';
import { scalarAt } from '../../channels/scalar-at.ts';
import { foldText } from '../../text/fold.ts';
import type { ListFilter } from '../query/list-query.ts';

const holdsMeta = (channel: Channel, conditions: NonNullable<ListFilter['meta']>): boolean => {
  const meta: unknown = channel.integration_meta && JSON.parse(channel.integration_meta);
  return conditions.every(({ path, value }) => scalarAt(meta, path) === value);
};

/** Whether a channel fulfils every condition of a filter but its id ranges, which are part of what is read. */
export const matches = (channel: Channel, filter: ListFilter): boolean => {
  const { ids, names, localNames, words, disabled, updatedAfter, meta } = filter;
  if (ids && !ids.includes(channel._id)) return false;
  if (names && !names.includes(channel.name)) return false;
  if (localNames && !localNames.includes(channel.local_name as string)) return false;
  if (disabled !== undefined && channel.disabled !== disabled) return false;
  if (updatedAfter !== undefined && channel.updatedAt <= updatedAfter) return false;
  if (words) {
    const folded = foldText(channel.name);
    if (!words.every((word) => folded.includes(word))) return false;
  }
  return !meta || holdsMeta(channel, meta);
};
