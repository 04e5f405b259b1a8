import { createHash } from 'node:crypto';
import { sortText } from '../text/fold.ts';
import type { Channel } from './channel.ts';
import { scalarAt } from './scalar-at.ts';

/**
 * A sort key that sorts by name as lists do: by the folded text, then by id. U+0000 separates the two. No text contains
 * it, so the id only decides between equal texts. The key has at most 925 bytes; DynamoDB allows 1,024.
 * @param sorted the name, after `sortText`
 */
export const nameKey = (sorted: string, id: string): string => `${sorted}\u0000${id}`;

/** A sort key that sorts by `disabled` as lists do: `false` first, then by id. "active" sorts before "disabled". */
export const statusKey = (disabled: boolean, id: string): string =>
  `${disabled ? 'disabled' : 'active'}#${id}`;

/** The key for a value in `integration_meta`. It is a hash, because the value may exceed the length limit of keys. */
export const metaKey = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The keys for `external_id` and `id` in `integration_meta` (JSON text). A value that is no scalar has no key. */
export const metaKeys = (meta: string | undefined): { externalIdKey?: string; metaIdKey?: string } => {
  const value: unknown = meta && JSON.parse(meta);
  const externalId = scalarAt(value, ['external_id']);
  const metaId = scalarAt(value, ['id']);
  return {
    ...(externalId !== undefined && { externalIdKey: metaKey(externalId) }),
    ...(metaId !== undefined && { metaIdKey: metaKey(metaId) }),
  };
};

/** The key attributes of a channel for the indexes of the table. `updatedAt` needs none: it is itself a key. */
export const indexKeys = ({ _id, name, disabled, integration_meta }: Channel) => ({
  nameKey: nameKey(sortText(name), _id),
  statusKey: statusKey(disabled, _id),
  ...metaKeys(integration_meta),
});
