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
 * @param isOver is asked before each one that is applied alone. If it returns true, the rest is not tried
 */
export const applyEach = async (
  tables: ChannelTables,
  namespace: string,
  ids: string[],
  report: (id: string, error: unknown) => void,
  isOver = () => false,
): Promise<ApplyResult> => {
  const result = { applied: 0, failed: 0 };
  try {
    await applyPending(tables, namespace, ids);
    return { applied: ids.length, failed: 0 };
  } catch {
    for (const id of ids) {
      if (isOver()) break;
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
