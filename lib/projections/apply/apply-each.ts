import type { ChannelTables } from '../open-tables.ts';
import { applyPending } from './apply-pending.ts';

export interface ApplyResult {
  applied: number;
  failed: number;
}

/**
 * Applies pending changes of a namespace together. If that fails, applies them one by one, so that one that cannot be
 * applied does not hold up the others.
 * @param report is called for each one that could not be applied
 * @param maxFailures after this number of failures, the rest is not tried
 */
export const applyEach = async (
  tables: ChannelTables,
  namespace: string,
  ids: string[],
  report: (id: string, error: unknown) => void,
  maxFailures = Number.POSITIVE_INFINITY,
): Promise<ApplyResult> => {
  const result = { applied: 0, failed: 0 };
  try {
    await applyPending(tables, namespace, ids);
    return { applied: ids.length, failed: 0 };
  } catch {
    for (const id of ids) {
      if (result.failed === maxFailures) break;
      try {
        await applyPending(tables, namespace, [id]);
        result.applied++;
      } catch (error) {
        report(id, error);
        result.failed++;
      }
    }
    return result;
  }
};
