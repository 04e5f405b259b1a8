import { relative } from 'node:path';
import { isTransient } from '../../upsert-all.ts';
import { type ExitCode, exitCodes } from '../command-error.ts';
import { keyOf } from '../files/key.ts';
import type { RowsFile } from '../files/rows-file.ts';
import { describeRow, describeSummary, printJson, type ReportedRow, sayMessage } from '../output/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Outcome } from './journal.ts';
import type { Run } from './run.ts';

/** How many failed rows a person reads on the screen. The file of failed rows has all of them. */
const maxShown = 20;

const toReported = (
  { index, at: _, ...outcome }: Outcome,
  { rows }: RowsFile,
  { journal, record }: Run,
): ReportedRow => {
  const fileRow = rows[index];
  const key = fileRow ? keyOf(fileRow.row, record.match) : journal.planned.get(index)?.key;
  return { ...(fileRow && { line: fileRow.line }), ...(key !== undefined && { key }), ...outcome };
};

/** Writes the rows of the file that have to be corrected into the folder of the run. @returns the path of their file, if there are any */
const saveFailed = (run: Run, outcomes: Outcome[], file: RowsFile, folder: string): string | undefined => {
  const failed = outcomes
    .filter((each) => each.result === 'failed' && !isTransient(each) && each.index < file.rows.length)
    .map(({ index, error = '' }) => ({ index, reason: error }));
  if (!failed.length) return undefined;
  return relative(folder, run.writeFile(`failed.${file.format}`, file.formatFailed(failed)));
};

/** The failed rows of a sync lack the value of `--where`, and their import would not respect it. */
const adviceFor = {
  import: 'Correct them there, and import this file.',
  sync: 'Correct them in your own file, and run the same sync with it again.',
};

const printForPeople = async (
  reported: ReportedRow[],
  run: Run,
  failedFile: string | undefined,
  terminal: Terminal,
) => {
  const { record, journal } = run;
  const failed = reported.filter(({ result }) => result === 'failed');
  for (const row of failed.slice(0, maxShown)) await terminal.write(describeRow(row));
  if (failed.length > maxShown) await terminal.write(`… and ${failed.length - maxShown} more\n`);
  await terminal.write(`${describeSummary(journal.summary)}\n`);
  if (failedFile)
    await terminal.write(`The failed rows are in ${failedFile}. ${adviceFor[record.command]}\n`);
  const { created, updated, deleted } = journal.summary;
  if (created + updated + deleted + journal.open.size)
    await terminal.write(`To put back what was changed: client-channels undo ${record.id}\n`);
};

/**
 * Prints what a run did, and ends it: after that, the same command is a new run. A run does not end while rows failed for a
 * moment only: the same command goes on with these.
 */
export const finishRun = async (
  run: Run,
  file: RowsFile,
  { json }: { json: boolean },
  terminal: Terminal,
): Promise<ExitCode> => {
  const { journal, record } = run;
  const outcomes = [...journal.outcomes.values(), ...journal.open.values()].sort((a, b) => a.index - b.index);
  const reported = outcomes.map((outcome) => toReported(outcome, file, run));
  const failedFile = saveFailed(run, outcomes, file, terminal.folder);
  const { summary } = journal;
  if (json) {
    for (const row of reported) await printJson(row, terminal);
    await printJson({ summary, run: record.id, ...(failedFile && { failed_rows: failedFile }) }, terminal);
  } else await printForPeople(reported, run, failedFile, terminal);
  if (journal.open.size) {
    const warning = `${journal.open.size} of the failed rows can succeed later, or may be done. Run the same command again.`;
    sayMessage({ warning }, { json }, terminal);
    return exitCodes.resumable;
  }
  // After the output: a run that is killed before it is seen is finished by the next command, and prints the same.
  run.finish();
  return summary.failed ? exitCodes.failed : exitCodes.done;
};
