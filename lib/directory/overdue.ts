import { markIndex, readMarkKey } from '../channels/mark.ts';
import { settle } from './settle.ts';
import type { Tables } from './tables.ts';

/** After so many failures a namespace waits for the next run, so that one in which all fail doesn't use up the time of all. */
const mostFailures = 3;

export interface OverdueOptions {
  /** Asked before each mark; what is left over then waits for the next time. */
  isTimeLeft: () => boolean;
  /** Hears of each that could not be settled. */
  report: (mark: { namespace: string; id: string }, error: unknown) => void;
}

/**
 * Settles what has waited since before a time, in all namespaces: marks whose record the stream no longer has, or whose
 * settling failed. Looking costs next to nothing, since marks alone are in the index.
 * @param before milliseconds since the epoch
 * @returns how many were settled, how many could not be, and whether time ran out before all had their turn
 */
export const settleOverdue = async (
  tables: Tables,
  before: number,
  { isTimeLeft, report }: OverdueOptions,
): Promise<{ settled: number; failed: number; isCutShort: boolean }> => {
  let [settled, failed] = [0, 0];
  const failures = new Map<string, number>();
  for await (const { pk, sk, pendingSince } of tables.channels.scan(markIndex)) {
    if (Date.parse(pendingSince as string) >= before) continue;
    if (!isTimeLeft()) return { settled, failed, isCutShort: true };
    const { namespace, id } = readMarkKey({ pk: pk as string, sk: sk as string });
    const failuresHere = failures.get(namespace) ?? 0;
    if (failuresHere === mostFailures) continue;
    try {
      await settle(tables, namespace, [id]);
      settled++;
    } catch (error) {
      report({ namespace, id }, error);
      failures.set(namespace, failuresHere + 1);
      failed++;
    }
  }
  return { settled, failed, isCutShort: false };
};
