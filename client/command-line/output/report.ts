import type { UpsertSummary } from '../../types.ts';
import type { ExitCode } from '../command-error.ts';
import type { Terminal } from '../terminal.ts';
import { describeChange, type FieldChange } from './describe-changes.ts';

/** What became of a row, or, in a dry run, what would become of it. */
export interface ReportedRow {
  /** Absent for a deletion, which no line of the file asks for. */
  line?: number;
  key?: string;
  result: keyof UpsertSummary;
  _id?: string;
  __v?: number;
  /** The fields of the channel that an update changed. */
  changed?: string[];
  /** In a dry run: what would change in each field. */
  changes?: FieldChange[];
  code?: string;
  error?: string;
}

const placeOf = ({ line, key, _id }: ReportedRow): string =>
  [...(line === undefined ? [] : [`line ${line}`]), key ?? _id ?? ''].join('  ');

/** For people: what a row changes, with one field on each line, or why it failed. */
export const describeRow = (row: ReportedRow): string => {
  const head = `${row.result.padEnd(9)}  ${placeOf(row)}`;
  if (row.error !== undefined) return `${head}  ${row.error}\n`;
  const fields = row.changes?.map((change) => `    ${describeChange(change)}\n`) ?? [];
  return `${head}\n${fields.join('')}`;
};

export const describeSummary = ({ created, updated, unchanged, deleted, failed }: UpsertSummary): string =>
  `${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted, ${failed} failed`;

/** Writes an error or a warning to standard error: its sentences, or, with `--json`, one JSON object on a line. */
export const sayMessage = (
  message: { error: string; exit_code: ExitCode } | { warning: string },
  { json }: { json: boolean },
  { say }: Terminal,
): void => {
  const text = 'error' in message ? message.error : message.warning;
  say(`${json ? JSON.stringify(message) : text}\n`);
};

export const printJson = (value: unknown, { write }: Terminal): Promise<void> =>
  write(`${JSON.stringify(value)}\n`);
