import type { ChannelTables } from '../open-tables.ts';
import { parsePendingChangeKey, pendingIndex } from '../read-pending-changes.ts';
import { type ApplyResult, applyEach } from './apply-each.ts';

/**
 * After this number of failures, a namespace waits for the next run. Otherwise one broken namespace could use up the
 * whole run.
 */
const maxFailures = 3;

/** The maximum number of pending changes of a namespace that are applied together. */
const batchSize = 50;

export interface SweepOptions {
  /** Called before each batch. If it returns false, the rest waits for the next run. */
  isTimeLeft: () => boolean;
  /** Called for each pending change that could not be applied. */
  report: (pendingChange: { namespace: string; id: string }, error: unknown) => void;
}

/**
 * The pending changes that were made before a time, in batches of one namespace each.
 * @param see is called with the time of each pending change, also of the later ones
 */
async function* pendingBefore(
  { channels }: ChannelTables,
  before: number,
  see: (since: number) => void,
): AsyncGenerator<{ namespace: string; ids: string[] }> {
  let batch: { namespace: string; ids: string[] } | undefined;
  for await (const { pk, sk, pendingSince } of channels.scan(pendingIndex)) {
    const since = Date.parse(pendingSince as string);
    see(since);
    if (since >= before) continue;
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

export interface SweepResult extends ApplyResult {
  /** Whether time ran out before all were tried. */
  ranOutOfTime: boolean;
  /** When the oldest pending change that was seen was made: milliseconds since the epoch. Undefined if none was seen. */
  oldestSince: number | undefined;
}

/**
 * Applies the pending changes that were made before a time, in all namespaces. These are the ones that the stream no
 * longer has, or that the projector failed to apply. Looking for them costs almost nothing, because the index holds
 * nothing else.
 * @param before milliseconds since the epoch
 * @returns how many were applied and how many failed
 */
export const sweepPending = async (
  tables: ChannelTables,
  before: number,
  { isTimeLeft, report }: SweepOptions,
): Promise<SweepResult> => {
  const total: SweepResult = { applied: 0, failed: 0, ranOutOfTime: false, oldestSince: undefined };
  const see = (since: number) => {
    total.oldestSince = Math.min(since, total.oldestSince ?? since);
  };
  const failedNamespaces = new Set<string>();
  for await (const { namespace, ids } of pendingBefore(tables, before, see)) {
    if (failedNamespaces.has(namespace)) continue;
    if (!isTimeLeft()) return { ...total, ranOutOfTime: true };
    const reportFailure = (id: string, error: unknown) => report({ namespace, id }, error);
    const { applied, failed } = await applyEach(tables, namespace, ids, reportFailure, maxFailures);
    if (failed === maxFailures) failedNamespaces.add(namespace);
    total.applied += applied;
    total.failed += failed;
  }
  return total;
};
