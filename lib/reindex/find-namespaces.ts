import { namespaceOfExternalKeys } from '../channels/external-keys.ts';
import { namespaceOf, partitionPrefix } from '../channels/keys.ts';
import { namespaceOfLog } from '../projections/change-log/log-items.ts';
import type { ChannelTables } from '../projections/open-tables.ts';
import { namespaceOfBucket } from '../projections/rank-index/count-bucket.ts';
import { namespaceOfEntry } from '../projections/search-index/suffix-entries.ts';

/**
 * Finds every namespace that has an item in one of the two tables, also one that has lost its channels. It reads both
 * tables whole.
 * @returns the names in ascending order
 */
export const findNamespaces = async ({ channels, projections }: ChannelTables): Promise<string[]> => {
  const found = new Set<string>();
  for await (const { pk } of channels.scan()) {
    const isPartition = (pk as string).startsWith(partitionPrefix);
    const namespace = isPartition ? namespaceOf(pk as string) : namespaceOfExternalKeys(pk as string);
    if (namespace !== undefined) found.add(namespace);
  }
  for await (const { pk } of projections.scan()) {
    const namespace =
      namespaceOfBucket(pk as string) ?? namespaceOfEntry(pk as string) ?? namespaceOfLog(pk as string);
    if (namespace !== undefined) found.add(namespace);
  }
  return [...found].sort();
};
