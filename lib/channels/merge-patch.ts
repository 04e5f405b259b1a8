import type { Channel } from './channel.ts';
import { toMetaText } from './integration-meta.ts';
import { isObject } from './is-object.ts';

/** Merges a JSON value into another (RFC 7396, section 2): objects at every level, and `null` removes a key. */
export const mergeJson = (target: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergeJson(merged.get(key), value));
  }
  return Object.fromEntries(merged);
};

/**
 * Makes a change that merges `meta` into the stored `integration_meta`, or into `{}`.
 * @param patch the other fields
 * @param meta an object that a schema has accepted
 * @returns a function that throws ApiError `invalid_request` if the merged object is larger than 64 KiB
 */
export const mergeIntoMeta =
  <Patch extends object>(patch: Patch, meta: object) =>
  ({ integration_meta = '{}' }: Channel): Patch & { integration_meta: string } => {
    const merged = mergeJson(JSON.parse(integration_meta), meta) as object;
    return { ...patch, integration_meta: toMetaText(merged, ' after the merge') };
  };
