import { applyPending } from './apply-pending.ts';
import type { ChannelTables } from '../channel-tables.ts';

export interface ApplyResult {
  applied: number;
  failed: number;
}

/**
 * Settles marks of a namespace together; where that fails, one after the other, so that one which can't be settled keeps no
 * other from it.
 * @param report hears of each that could not be settled
 * @param maxFailures after so many, those that are left are not tried
 */
export const applyEach = async (
  tables: ChannelTables,
  namespace: string,
  ids: string[],
  report: (id: string, error: unknown) => void,
  maxFailures = Number.POSITIVE_INFINITY,
): Promise<ApplyResult> => {
  const result = { settled: 0, failed: 0 };
  try {
    await applyPending(tables, namespace, ids);
    return { applied: ids.length, failed: 0 };
  } catch {
    for (const id of ids) {
      if (result.failed === maxFailures) break;
      try {
        await applyPending(tables, namespace, [id]);
        result.settled++;
      } catch (error) {
        report(id, error);
        result.failed++;
      }
    }
    return result;
  }
};
