import type { PageRequest } from './read/paginate.ts';
import { readTotals } from './read/partition.ts';

/** How many channels a list has that is bounded by nothing, or by their status alone. */
export const readTotal = async ({ channels: table, namespace, filter }: PageRequest): Promise<number> => {
  const { enabled, disabled } = await readTotals(table, namespace);
  if (filter.disabled === undefined) return enabled + disabled;
  return filter.disabled ? disabled : enabled;
};
