import { pendingIndex, parsePendingChangeKey } from '../../channels/pending-change.ts';
import { type ApplyResult, applyEach } from './apply-each.ts';
import type { ChannelTables } from '../channel-tables.ts';

/** After so many failures a namespace waits for the next run, so that one in which all fail doesn't use up the time of all. */
const maxFailures = 3;

/** Marks of a namespace that are settled together. */
const batchSize = 50;

export interface SweepOptions {
  /** Asked before some marks of a namespace; what is left over then waits for the next time. */
  isTimeLeft: () => boolean;
  /** Hears of each that could not be settled. */
  report: (mark: { namespace: string; id: string }, error: unknown) => void;
}

/** What has waited since before a time, some of a namespace at once: an index is read a partition after the other. */
async function* pendingBefore(
  { channels }: ChannelTables,
  before: number,
): AsyncGenerator<{ namespace: string; ids: string[] }> {
  let batch: { namespace: string; ids: string[] } | undefined;
  for await (const { pk, sk, pendingSince } of channels.scan(pendingIndex)) {
    if (Date.parse(pendingSince as string) >= before) continue;
    const { namespace, id } = parsePendingChangeKey({ pk: pk as string, sk: sk as string });
    if (batch && (batch.namespace !== namespace || batch.ids.length === batchSize)) {
      yield batch;
      batch = undefined;
    }
    batch ??= { namespace, ids: [] };
    batch.ids.push(id);
  }
  if (batch) yield batch;
}

/**
 * Settles what has waited since before a time, in all namespaces: marks whose record the stream no longer has, or whose
 * settling failed. Looking costs next to nothing, since marks alone are in the index.
 * @param before milliseconds since the epoch
 * @returns how many were settled, how many could not be, and whether time ran out before all had their turn
 */
export const sweepPending = async (
  tables: ChannelTables,
  before: number,
  { isTimeLeft, report }: SweepOptions,
): Promise<ApplyResult & { ranOutOfTime: boolean }> => {
  const all = { settled: 0, failed: 0 };
  const failedNamespaces = new Set<string>();
  for await (const { namespace, ids } of pendingBefore(tables, before)) {
    if (failedNamespaces.has(namespace)) continue;
    if (!isTimeLeft()) return { ...all, ranOutOfTime: true };
    const reportFailure = (id: string, error: unknown) => report({ namespace, id }, error);
    const { applied, failed } = await applyEach(tables, namespace, ids, reportFailure, maxFailures);
    if (failed === maxFailures) failedNamespaces.add(namespace);
    all.settled += applied;
    all.failed += failed;
  }
  return { ...all, ranOutOfTime: false };
};
