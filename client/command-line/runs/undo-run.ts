import { chunks } from '../chunks.ts';
import type { Progress } from '../output/progress.ts';
import { isChange, type Outcome, type Planned } from './journal.ts';
import { findUnrecorded } from './own-change.ts';
import type { Connection } from './own-version.ts';
import type { Run } from './run.ts';
import { type Change, undoChange, type Verdict } from './undo-change.ts';

/** Requests at a time. */
const concurrency = 8;
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
 * @param options.dryRun writes nothing, also not into the journal
 */
export const undoRun = async (
  connection: Connection,
  run: Run,
  progress: Pick<Progress, 'show' | 'wait'>,
  { dryRun }: { dryRun: boolean },
): Promise<Undone[]> => {
  const { journal, record } = run;
  const outcomes = new Map(journal.outcomes);
  if (record.finished_at === undefined) {
    // The run may have used another key.
    const ofRun = { ...connection, keyId: record.key_id };
    const found = await findUnrecorded(ofRun, journal, record.match, progress);
    for (const outcome of found) outcomes.set(outcome.index, outcome);
    if (!dryRun) {
      journal.record(found);
      // The same command would take what is undone now for done.
      run.finish();
    }
  }
  const changes = [...outcomes.values()]
    .filter(({ result }) => isChange(result))
    .map((outcome) => toChange(journal.planned.get(outcome.index) as Planned, outcome));
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
