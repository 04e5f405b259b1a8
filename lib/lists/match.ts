import type { Channel } from '../channels/channel.ts';
import { foldText } from '../text/fold.ts';
import type { ListFilter } from './list-query.ts';

const isScalar = (value: unknown) => value !== undefined && (typeof value !== 'object' || value === null);

/** The scalar at a path of a metadata object, as text: `5` and `"5"` are alike. */
const textAt = (meta: unknown, path: string[]): string | undefined => {
  let value = meta;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return isScalar(value) ? String(value) : undefined;
};

const holdsMeta = (channel: Channel, conditions: NonNullable<ListFilter['meta']>): boolean => {
  const meta: unknown = channel.integration_meta && JSON.parse(channel.integration_meta);
  return conditions.every(({ path, value }) => textAt(meta, path) === value);
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
