import { existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Channel, UpsertSummary } from '../../types.ts';
import type { RowResult } from '../../upsert.ts';

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
  /** When it was written down: ISO 8601. */
  at: string;
}

/** One line of the journal. */
type Step =
  /** The deletions of a sync, and how many channels its condition selected. */
  | { step: 'deletions'; selected: number; rows: Planned[] }
  | { step: 'before'; rows: Planned[] }
  | { step: 'after'; rows: Outcome[] };

/**
 * What a run is about to do and what it has done, one step on each line. Each step is on the disk before the run goes on.
 * So a run that was stopped at any moment can go on, and can be undone.
 */
export class Journal {
  /** By the index of the row. */
  readonly planned = new Map<number, Planned>();
  readonly outcomes = new Map<number, Outcome>();
  /** The deletions of a sync. Undefined until they are decided. */
  deletions: { selected: number; rows: Planned[] } | undefined;
  readonly #file: number;

  /** Reads what is there. A last line without its end was torn by a kill: it is removed. */
  constructor(file: string) {
    const text = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const end = text.lastIndexOf('\n') + 1;
    for (const line of text.subarray(0, end).toString().split('\n')) if (line) this.#apply(JSON.parse(line));
    this.#file = openSync(file, 'a');
    if (end < text.length) ftruncateSync(this.#file, end);
  }

  append(step: Step): void {
    writeSync(this.#file, `${JSON.stringify(step)}\n`);
    fsyncSync(this.#file);
    this.#apply(step);
  }

  /** How many rows have which result so far. */
  get summary(): UpsertSummary {
    const summary = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 };
    for (const { result } of this.outcomes.values()) summary[result]++;
    return summary;
  }

  #apply(step: Step): void {
    if (step.step === 'after') for (const row of step.rows) this.outcomes.set(row.index, row);
    else for (const row of step.rows) this.planned.set(row.index, row);
    if (step.step === 'deletions') this.deletions = step;
  }
}
