import { createHash } from 'node:crypto';
import { sortText } from '../text/fold.ts';
import type { Channel } from './channel.ts';
import { scalarAt } from './scalar-at.ts';

/**
 * Sorts as names do in a list: by their folded text, then by id. No text holds a U+0000, so what follows it decides only
 * between equal texts. At most 925 bytes; a key takes 1,024.
 * @param sorted what `sortText` makes of the name
 */
export const nameKey = (sorted: string, id: string): string => `${sorted}\u0000${id}`;

/** Sorts as `disabled` does in a list, `false` first, then by id: hence `active`, which is before `disabled`. */
export const statusKey = (disabled: boolean, id: string): string =>
  `${disabled ? 'disabled' : 'active'}#${id}`;

/** The key for the text of a value in `integration_meta`, which may be longer than a key of the table. */
export const metaKey = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The keys that `integration_meta`, as JSON text, gives: none where no scalar stands at its place. */
export const metaKeys = (meta: string | undefined): { externalIdKey?: string; metaIdKey?: string } => {
  const value: unknown = meta && JSON.parse(meta);
  const externalId = scalarAt(value, ['external_id']);
  const metaId = scalarAt(value, ['id']);
  return {
    ...(externalId !== undefined && { externalIdKey: metaKey(externalId) }),
    ...(metaId !== undefined && { metaIdKey: metaKey(metaId) }),
  };
};

/** By what the indexes of the table find a channel; its `updatedAt` is a key as it stands. */
export const indexKeys = ({ _id, name, disabled, integration_meta }: Channel) => ({
  nameKey: nameKey(sortText(name), _id),
  statusKey: statusKey(disabled, _id),
  ...metaKeys(integration_meta),
});
