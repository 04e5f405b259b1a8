import type { UpsertRow } from '../../types.ts';
import type { Format } from './formats.ts';

/** A row of a file. The service checks it, so any of its fields may be wrong. */
export interface FileRow {
  /** From 1. */
  line: number;
  row: UpsertRow;
}

export interface RowsFile {
  /** The bytes of the file. */
  content: Uint8Array;
  format: Format;
  rows: FileRow[];
  /** Writes rows as they were in the file, each with the reason why it failed, so that they can be corrected and imported. */
  formatFailed(failed: { index: number; reason: string }[]): string;
}

/** What the checks of a file need. */
export interface Checks {
  match: string;
  /** @throws CommandError for a row with the key of an earlier one */
  checkKey(row: FileRow): void;
  warn(warning: string): void;
}
