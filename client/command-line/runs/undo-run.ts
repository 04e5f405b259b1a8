import { setTimeout as pause } from 'node:timers/promises';
import { chunks } from '../chunks.ts';
import type { Progress } from '../output/progress.ts';
import { isChange, type Outcome, type Planned } from './journal.ts';
import { findOwnChange } from './own-change.ts';
import type { Connection } from './own-version.ts';
import type { Run } from './run.ts';
import { type Change, undoChange, type Verdict } from './undo-change.ts';

/** Requests at a time. */
const concurrency = 8;
/** The service works on a request for at most so long, also if its sender was killed. */
const requestTimeoutMs = 30_000;

/** What became of a channel. */
export interface Undone extends Verdict {
  _id: string;
  key?: string;
  name?: string;
}

const toChange = ({ key, channel }: Planned, { result, _id, __v, at }: Outcome): Change => ({
  result,
  _id: _id as string,
  version: __v as number,
  key,
  before: channel,
  at,
});

/** The changes of a run. A change that the run had planned may have been made although the run has no answer. */
const changesOf = async (
  connection: Connection,
  { journal, record }: Run,
  progress: Pick<Progress, 'wait'>,
  waitMs: number,
): Promise<Change[]> => {
  const changes: Change[] = [];
  const unknown: Planned[] = [];
  for (const planned of journal.planned.values()) {
    const outcome = journal.outcomes.get(planned.index);
    if (!outcome) unknown.push(planned);
    else if (isChange(outcome.result)) changes.push(toChange(planned, outcome));
  }
  if (!unknown.length) return changes;
  progress.wait(`Waiting ${waitMs / 1000} s for requests of the run that may still be under way…`);
  await pause(waitMs, undefined, { signal: connection.signal });
  progress.wait('Reading in the history what the run has done…');
  for (const some of chunks(unknown, concurrency)) {
    const found = await Promise.all(some.map((planned) => findOwnChange(connection, planned, record.match)));
    for (const [position, outcome] of found.entries())
      if (outcome) changes.push(toChange(some[position] as Planned, outcome));
  }
  return changes;
};

const toUndone = ({ _id, key, before }: Change, verdict: Verdict): Undone => ({
  _id,
  ...(key !== undefined && { key }),
  ...(before && { name: before.name }),
  ...verdict,
});

/** Keys are free again before deleted channels come back with them. */
const order: Outcome['result'][] = ['created', 'updated', 'deleted'];

/**
 * Puts back what a run changed: deletes what it created, puts back what it updated, and restores what it deleted. Skips
 * channels that have changed since, or that the service refuses. It can be stopped at any moment and started again, and a second time
 * does nothing.
 * @param options.dryRun writes nothing
 * @param options.waitMs how long to wait for requests of the run that may still be under way, if it was killed
 */
export const undoRun = async (
  connection: Connection,
  run: Run,
  progress: Pick<Progress, 'show' | 'wait'>,
  { dryRun, waitMs = requestTimeoutMs }: { dryRun: boolean; waitMs?: number },
): Promise<Undone[]> => {
  // The run may have used another key.
  const changes = await changesOf({ ...connection, keyId: run.record.key_id }, run, progress, waitMs);
  const groups = order.map((result) => changes.filter((change) => change.result === result));
  const all: Undone[] = [];
  progress.show(0, changes.length);
  for (const some of groups.flatMap((group) => chunks(group, concurrency))) {
    const verdicts = some.map((change) => undoChange(connection, change, { dryRun }));
    const undone = await Promise.all(verdicts);
    all.push(...undone.map((verdict, position) => toUndone(some[position] as Change, verdict)));
    progress.show(all.length, changes.length);
  }
  return all;
};
