import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeFileSync } from 'node:fs';
import type { Channel, UpsertSummary } from '../../types.ts';
import type { RowResult } from '../../upsert.ts';
import { isTransient } from '../../upsert-all.ts';

type Result = RowResult['result'];

/** A row that is about to be written. Rows count from 0; the deletions of a sync follow the rows of its file. */
export interface Planned {
  index: number;
  /** What the dry run says that will happen. */
  result: Result;
  /** The text of its key. Absent for the deletion of a channel without one. */
  key?: string;
  /** The channel before. Absent for a creation. */
  channel?: Channel;
}

/** What became of a row. */
export interface Outcome {
  index: number;
  result: Result;
  _id?: string;
  /** The version that the row made, or, if it is unchanged, found. */
  __v?: number;
  changed?: string[];
  code?: string;
  error?: string;
  /** When it was done or, at the latest, written down: ISO 8601. */
  at: string;
}

export const toOutcome = (
  { _id, __v, changed, code, error, result }: Omit<RowResult, 'index'>,
  index: number,
): Outcome => ({
  index,
  result,
  ...(_id !== undefined && { _id }),
  ...(__v !== undefined && { __v }),
  ...(changed && { changed }),
  ...(code !== undefined && { code }),
  ...(error !== undefined && { error }),
  at: new Date().toISOString(),
});

export const isChange = (result: Result): boolean =>
  result === 'created' || result === 'updated' || result === 'deleted';

/** When a row was sent for the first and for the last time: ISO 8601. */
export interface Sent {
  first: string;
  last: string;
}

/** One line of the journal. */
export type Step =
  /** The deletions of a sync, and how many channels its condition selected. */
  | { step: 'deletions'; selected: number; rows: Planned[] }
  | { step: 'before'; rows: Planned[] }
  /** Rows are sent from now on, for the first time or again. */
  | { step: 'sent'; rows: number[]; at: string }
  | { step: 'after'; rows: Outcome[] };

const chunkBytes = 1024 * 1024;

/** The whole lines of a file, each with its end. A journal can be larger than the longest string (512 MiB). */
function* linesOf(file: number): Generator<Buffer, void, undefined> {
  const chunk = Buffer.alloc(chunkBytes);
  let begun: Buffer[] = [];
  for (let size = readSync(file, chunk, 0, chunkBytes, 0), at = 0; size > 0; ) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0 && end < size; end = chunk.indexOf('\n', start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end + 1)]);
      begun = [];
      start = end + 1;
    }
    begun.push(Buffer.from(chunk.subarray(start, size)));
    at += size;
    size = readSync(file, chunk, 0, chunkBytes, at);
  }
}

/**
 * What a run is about to do and what it has done, one step on each line. Each step is on the disk before the run goes on.
 * So a run that was stopped at any moment can go on, and can be undone.
 */
export class Journal {
  /** By the index of the row. */
  readonly planned = new Map<number, Planned>();
  readonly outcomes = new Map<number, Outcome>();
  /** When a row was sent. Absent if it was not. */
  readonly sent = new Map<number, Sent>();
  /** Rows that failed for a moment only. They are not written down, and the next command tries them again. */
  readonly open = new Map<number, Outcome>();
  /** The deletions of a sync. Undefined until they are decided. */
  deletions: { selected: number; rows: Planned[] } | undefined;
  readonly #file: number;

  /** Reads what is there. A last line without its end was torn by a kill: it is removed. */
  constructor(file: string) {
    this.#file = openSync(file, 'a+');
    let end = 0;
    for (const line of linesOf(this.#file)) {
      this.#apply(JSON.parse(line.toString()));
      end += line.length;
    }
    ftruncateSync(this.#file, end);
  }

  append(step: Step): void {
    // Unlike `writeSync`, this writes all of it, or throws.
    writeFileSync(this.#file, `${JSON.stringify(step)}\n`);
    fsyncSync(this.#file);
    this.#apply(step);
  }

  /**
   * Writes down what became of rows. A row that failed for a moment only may have been done, by the last attempt or an earlier
   * one. Without an outcome, the next command or `undo` looks it up in the history.
   */
  record(rows: Outcome[]): void {
    for (const row of rows) if (isTransient(row)) this.open.set(row.index, row);
    const known = rows.filter((row) => !isTransient(row));
    if (known.length) this.append({ step: 'after', rows: known });
  }

  /** Writes down that rows are sent now. */
  send(rows: number[]): void {
    this.append({ step: 'sent', rows, at: new Date().toISOString() });
  }

  /** The rows that were sent, and of which it is not known what became of them. */
  get withoutOutcome(): Planned[] {
    return [...this.planned.values()].filter(
      ({ index }) => this.sent.has(index) && !this.outcomes.has(index),
    );
  }

  /** How many rows have which result so far. */
  get summary(): UpsertSummary {
    const summary = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: this.open.size };
    for (const { result } of this.outcomes.values()) summary[result]++;
    return summary;
  }

  close(): void {
    closeSync(this.#file);
  }

  #apply(step: Step): void {
    if (step.step === 'after')
      for (const row of step.rows) {
        this.outcomes.set(row.index, row);
        this.open.delete(row.index);
      }
    else if (step.step === 'sent')
      for (const index of step.rows)
        this.sent.set(index, { first: this.sent.get(index)?.first ?? step.at, last: step.at });
    else for (const row of step.rows) this.planned.set(row.index, row);
    if (step.step === 'deletions') this.deletions = step;
  }
}
