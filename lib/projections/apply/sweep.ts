import type { ChannelTables } from '../open-tables.ts';
import { parsePendingChangeKey, pendingIndex } from '../read-pending-changes.ts';
import { type ApplyResult, applyEach } from './apply-each.ts';
import { applyPending } from './apply-pending.ts';

/** The maximum number of pending changes of a namespace that are applied together. */
const batchSize = 50;

export interface SweepOptions {
  /** Called before each batch, and before each retry of one pending change. If it returns false, the rest waits. */
  isTimeLeft: () => boolean;
  /** Called for each pending change that could not be applied. */
  report: (pendingChange: { namespace: string; id: string }, error: unknown) => void;
}

interface Batch {
  namespace: string;
  ids: string[];
}

/**
 * The pending changes that were made before a time, in batches of one namespace each.
 * @param see is called with the time of each pending change, also of the later ones
 */
async function* pendingBefore(
  { channels }: ChannelTables,
  before: number,
  see: (since: number) => void,
): AsyncGenerator<Batch> {
  let batch: Batch | undefined;
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

const inRandomOrder = <Item>(items: Item[]): Item[] =>
  items
    .map((item) => ({ item, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);

/**
 * Applies the pending changes that were made before a time, in all namespaces. These are the ones that the stream no
 * longer has, or that the projector failed to apply. Looking for them costs almost nothing, because the index holds
 * nothing else.
 *
 * If a batch fails, the rest of its namespace waits until the other namespaces had their turn, so that one broken
 * namespace cannot use up the run. Then all batches that wait are tried. Their order is random. So if time is short, each
 * pending change has its turn in some run, and the oldest ones do not hold up the others. (100,000 ids that wait take
 * about 10 MB.)
 * @param before milliseconds since the epoch
 * @returns how many were applied and how many failed
 */
export const sweepPending = async (
  tables: ChannelTables,
  before: number,
  { isTimeLeft, report }: SweepOptions,
): Promise<SweepResult> => {
  const total: SweepResult = { applied: 0, failed: 0, ranOutOfTime: false, oldestSince: undefined };
  const isOver = () => {
    total.ranOutOfTime ||= !isTimeLeft();
    return total.ranOutOfTime;
  };
  const see = (since: number) => {
    total.oldestSince = Math.min(since, total.oldestSince ?? since);
  };
  const failedNamespaces = new Set<string>();
  const waiting: Batch[] = [];
  for await (const batch of pendingBefore(tables, before, see)) {
    const { namespace, ids } = batch;
    if (failedNamespaces.has(namespace)) {
      waiting.push(batch);
      continue;
    }
    if (isOver()) break;
    try {
      await applyPending(tables, namespace, ids);
      total.applied += ids.length;
    } catch {
      failedNamespaces.add(namespace);
      waiting.push(batch);
    }
  }
  for (const { namespace, ids } of inRandomOrder(waiting)) {
    if (isOver()) break;
    const reportFailure = (id: string, error: unknown) => report({ namespace, id }, error);
    const { applied, failed } = await applyEach(tables, namespace, inRandomOrder(ids), reportFailure, isOver);
    total.applied += applied;
    total.failed += failed;
  }
  return total;
};
