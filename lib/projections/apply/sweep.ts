import { markIndex, readMarkKey } from '../../channels/pending-change.ts';
import { type Attempt, settleEach } from './apply-each.ts';
import type { Tables } from '../channel-tables.ts';

/** After so many failures a namespace waits for the next run, so that one in which all fail doesn't use up the time of all. */
const mostFailures = 3;

/** Marks of a namespace that are settled together. */
const together = 50;

export interface OverdueOptions {
  /** Asked before some marks of a namespace; what is left over then waits for the next time. */
  isTimeLeft: () => boolean;
  /** Hears of each that could not be settled. */
  report: (mark: { namespace: string; id: string }, error: unknown) => void;
}

/** What has waited since before a time, some of a namespace at once: an index is read a partition after the other. */
async function* overdue(
  { channels }: Tables,
  before: number,
): AsyncGenerator<{ namespace: string; ids: string[] }> {
  let some: { namespace: string; ids: string[] } | undefined;
  for await (const { pk, sk, pendingSince } of channels.scan(markIndex)) {
    if (Date.parse(pendingSince as string) >= before) continue;
    const { namespace, id } = readMarkKey({ pk: pk as string, sk: sk as string });
    if (some && (some.namespace !== namespace || some.ids.length === together)) {
      yield some;
      some = undefined;
    }
    some ??= { namespace, ids: [] };
    some.ids.push(id);
  }
  if (some) yield some;
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
): Promise<Attempt & { isCutShort: boolean }> => {
  const all = { settled: 0, failed: 0 };
  const givenUp = new Set<string>();
  for await (const { namespace, ids } of overdue(tables, before)) {
    if (givenUp.has(namespace)) continue;
    if (!isTimeLeft()) return { ...all, isCutShort: true };
    const told = (id: string, error: unknown) => report({ namespace, id }, error);
    const { settled, failed } = await settleEach(tables, namespace, ids, told, mostFailures);
    if (failed === mostFailures) givenUp.add(namespace);
    all.settled += settled;
    all.failed += failed;
  }
  return { ...all, isCutShort: false };
};
