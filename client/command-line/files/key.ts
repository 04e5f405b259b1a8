import { isNoKey } from '../../upsert-batches.ts';
import { scalarAt } from '../metadata-path.ts';

/** The text of the key by which a row or a channel is matched. Undefined for a text that counts as no key. */
export const keyOf = (row: { integration_meta?: unknown }, match: string): string | undefined => {
  const text = scalarAt(row.integration_meta, [match.slice('integration_meta.'.length)]);
  return text === undefined || isNoKey(text) ? undefined : text;
};
