import type { ExitCode } from '../command-error.ts';
import type { RowsFile } from '../files/rows-file.ts';
import { Progress } from '../output/progress.ts';
import { sayMessage } from '../output/report.ts';
import type { Terminal } from '../terminal.ts';
import { finishRun } from './finish-run.ts';
import type { Journal, Step } from './journal.ts';
import { findUnrecorded } from './own-change.ts';
import type { Connection } from './own-version.ts';
import { Run, type RunIdentity } from './run.ts';

/** What an import or a sync does. */
export interface Work {
  connection: Connection;
  identity: RunIdentity;
  /** The name of the file, or `-`. */
  name: string;
  file: RowsFile;
  /** Decides the first step of a run that begins. */
  plan?: () => Promise<Step>;
  /** Does what has no outcome in the journal yet. */
  apply(journal: Journal, onProgress: () => void): Promise<void>;
}

/** Begins a run, or goes on with one that was stopped, and does its work. */
export const doRun = async (
  { connection, identity, name, file, plan, apply }: Work,
  { new: isNew, json }: { new: boolean; json: boolean },
  terminal: Terminal,
): Promise<ExitCode> => {
  const source = { identity, file: name, content: file.content, rows: file.rows.length };
  const progress = new Progress(terminal);
  const recordDone = async (journal: Journal) =>
    journal.record(await findUnrecorded(connection, journal, identity.match, progress));
  const run = await Run.begin(terminal.folder, source, {
    isNew,
    beforeEnd: recordDone,
    ...(plan && { plan }),
  });
  try {
    const { journal, record, goesOn } = run;
    const total = file.rows.length + (journal.deletions?.rows.length ?? 0);
    if (goesOn)
      sayMessage(
        {
          warning: `Goes on with the run ${record.id}, which has the answers for ${journal.outcomes.size} of ${total} rows. With --new, the command begins anew.`,
        },
        { json },
        terminal,
      );
    const onProgress = () => progress.show(journal.outcomes.size, total);
    const work = async () => {
      await recordDone(journal);
      onProgress();
      await apply(journal, onProgress);
    };
    await work().finally(() => progress.end());
    return await finishRun(run, file, { json }, terminal);
  } finally {
    run.close();
  }
};
