import type { UpsertSummary } from '../../types.ts';
import { defaultMatch, type UpsertOptions } from '../../upsert.ts';
import { type ExitCode, exitCodes } from '../command-error.ts';
import { keyOf } from '../files/key.ts';
import type { FileRow } from '../files/rows-file.ts';
import { changedFields } from '../output/describe-changes.ts';
import { Progress } from '../output/progress.ts';
import { describeRow, describeSummary, printJson, type ReportedRow } from '../output/report.ts';
import type { Terminal } from '../terminal.ts';
import { type DryResult, dryRunRows } from './apply-rows.ts';
import { isChange } from './journal.ts';
import type { Connection } from './own-version.ts';

const toPreviewed = (
  { index: _, result, _id, __v, channel, previous, changed, code, error }: DryResult,
  { line, row }: FileRow,
  match: string,
): ReportedRow => {
  const key = keyOf(row, match);
  const changes = changedFields(
    result === 'deleted' ? channel : previous,
    result === 'deleted' ? undefined : channel,
  );
  return {
    line,
    ...(key !== undefined && { key }),
    result,
    ...(_id !== undefined && { _id }),
    ...(__v !== undefined && { __v }),
    ...(changed && { changed }),
    ...(isChange(result) && { changes }),
    ...(code !== undefined && { code }),
    ...(error !== undefined && { error }),
  };
};

/**
 * Prints what rows and deletions would do, and writes nothing.
 * @param deletions the channels that a sync would delete
 */
export const preview = async (
  connection: Connection,
  rows: FileRow[],
  { json, deletions = [], ...options }: UpsertOptions & { json: boolean; deletions?: ReportedRow[] },
  terminal: Terminal,
): Promise<ExitCode> => {
  const summary: UpsertSummary = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 };
  const progress = new Progress(terminal);
  const print = async (row: ReportedRow) => {
    summary[row.result]++;
    if (json) await printJson(row, terminal);
    else if (row.result !== 'unchanged') await terminal.write(describeRow(row));
  };
  let done = 0;
  for await (const results of dryRunRows(connection, rows, options)) {
    progress.end();
    for (const result of results)
      await print(toPreviewed(result, rows[result.index] as FileRow, options.match ?? defaultMatch));
    done += results.length;
    progress.show(done, rows.length);
  }
  progress.end();
  for (const deletion of deletions) await print(deletion);
  if (json) await printJson({ summary, dry_run: true }, terminal);
  else await terminal.write(`Dry run, nothing was written: ${describeSummary(summary)}\n`);
  return summary.failed ? exitCodes.failed : exitCodes.done;
};
