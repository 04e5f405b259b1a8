import { settle } from './apply-pending.ts';
import type { Tables } from '../channel-tables.ts';

export interface Attempt {
  settled: number;
  failed: number;
}

/**
 * Settles marks of a namespace together; where that fails, one after the other, so that one which can't be settled keeps no
 * other from it.
 * @param report hears of each that could not be settled
 * @param mostFailures after so many, those that are left are not tried
 */
export const settleEach = async (
  tables: Tables,
  namespace: string,
  ids: string[],
  report: (id: string, error: unknown) => void,
  mostFailures = Number.POSITIVE_INFINITY,
): Promise<Attempt> => {
  const attempt = { settled: 0, failed: 0 };
  try {
    await settle(tables, namespace, ids);
    return { settled: ids.length, failed: 0 };
  } catch {
    for (const id of ids) {
      if (attempt.failed === mostFailures) break;
      try {
        await settle(tables, namespace, [id]);
        attempt.settled++;
      } catch (error) {
        report(id, error);
        attempt.failed++;
      }
    }
    return attempt;
  }
};
