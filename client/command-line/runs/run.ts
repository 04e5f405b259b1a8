import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { UpsertSummary } from '../../types.ts';
import type { UpsertOptions } from '../../upsert.ts';
import { wrong } from '../command-error.ts';
import { Journal, type Step } from './journal.ts';
import { lockRun } from './lock-run.ts';

/** What makes two runs the same: if the first is not finished, the second goes on with it. */
export interface RunIdentity {
  command: 'import' | 'sync';
  url: string;
  namespace: string;
  key_id: string;
  match: NonNullable<UpsertOptions['match']>;
  /** As in `--where`. */
  where?: string | undefined;
}

interface RunRecord extends RunIdentity {
  id: string;
  /** The name of the file, or `-`. */
  file: string;
  digest: string;
  rows: number;
  started_at: string;
  finished_at?: string;
  summary?: UpsertSummary;
}

export interface RunSource {
  identity: RunIdentity;
  /** The name of the file, or `-`. */
  file: string;
  content: Uint8Array;
  rows: number;
}

const digestOf = ({ identity, content }: RunSource): string =>
  createHash('sha256').update(JSON.stringify(identity)).update(content).digest('hex');

const folderOfRuns = (folder: string) => join(folder, '.client-channels');

const writeDurably = (file: string, text: string): void => {
  const temporary = `${file}.tmp`;
  const descriptor = openSync(temporary, 'w');
  writeFileSync(descriptor, text);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(temporary, file);
};

/** The name of a run: its time in UTC, to the millisecond, so that names have the order of the runs. */
const newId = (): string => {
  const time = new Date().toISOString().replace(/\D/g, '');
  return `${time.slice(0, 8)}-${time.slice(8)}-${randomBytes(2).toString('hex')}`;
};

const readRecord = (folder: string): RunRecord | undefined => {
  const file = join(folder, 'run.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};

/** The same command on the same content has one lock: also before it has found or begun its run. */
const lockOf = (runs: string, digest: string) => lockRun(join(runs, `.lock-${digest.slice(0, 16)}`));

const findUnfinished = (runs: string, digest: string): RunRecord | undefined =>
  readdirSync(runs)
    .map((id) => readRecord(join(runs, id)))
    .find((record) => record?.digest === digest && record.finished_at === undefined);

/** An import or a sync, with a folder of its own in `.client-channels`. Only one process at a time has it. */
export class Run {
  readonly folder: string;
  readonly journal: Journal;
  /** Whether the run was stopped before, and goes on now. */
  readonly goesOn: boolean;
  record: RunRecord;
  readonly #unlock: () => void;

  private constructor(folder: string, record: RunRecord, unlock: () => void, goesOn = false) {
    this.folder = folder;
    this.record = record;
    this.#unlock = unlock;
    this.goesOn = goesOn;
    this.journal = new Journal(join(folder, 'journal.ndjson'));
  }

  /**
   * Goes on with the run of the same command on the same content that is not finished, or begins a run.
   * @param options.isNew ends such a run as it is, and begins another one
   * @param options.beforeEnd is called with such a run before it ends
   * @param options.plan decides the first step of the journal. If it throws, there is no run
   * @throws CommandError while another process works on the run
   */
  static async begin(
    parent: string,
    source: RunSource,
    {
      isNew = false,
      plan,
      beforeEnd,
    }: {
      isNew?: boolean;
      plan?: () => Promise<Step>;
      beforeEnd?: (journal: Journal) => Promise<void>;
    } = {},
  ): Promise<Run> {
    const runs = folderOfRuns(parent);
    const digest = digestOf(source);
    mkdirSync(runs, { recursive: true });
    const unlock = lockOf(runs, digest);
    try {
      const unfinished = findUnfinished(runs, digest);
      if (unfinished && !isNew) return new Run(join(runs, unfinished.id), unfinished, unlock, true);
      const step = await plan?.();
      if (unfinished) {
        const old = new Run(join(runs, unfinished.id), unfinished, unlock);
        await beforeEnd?.(old.journal);
        old.finish().journal.close();
      }
      return Run.#start(runs, source, unlock, step);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  static #start(runs: string, source: RunSource, unlock: () => void, step: Step | undefined): Run {
    const id = newId();
    const folder = join(runs, id);
    mkdirSync(folder);
    const { identity, file, rows } = source;
    const started_at = new Date().toISOString();
    const record = { id, ...identity, file, digest: digestOf(source), rows, started_at };
    const run = new Run(folder, record, unlock);
    if (step) run.journal.append(step);
    // Last: a folder without a record is no run.
    run.#save();
    return run;
  }

  /** @throws CommandError if there is no such run, or while another process works on it */
  static open(parent: string, id: string): Run {
    const runs = folderOfRuns(parent);
    const folder = join(runs, id);
    const record = /^[\w-]+$/.test(id) ? readRecord(folder) : undefined;
    if (!record) throw wrong(`There is no run ${id} in ${runs}.`);
    return new Run(folder, record, lockOf(runs, record.digest));
  }

  /** Ends the run: the same command does not go on with it. */
  finish(): this {
    this.record = {
      ...this.record,
      finished_at: new Date().toISOString(),
      summary: this.journal.summary,
    };
    this.#save();
    return this;
  }

  /** Lets other processes work on the run. */
  close(): void {
    this.journal.close();
    this.#unlock();
  }

  /** Writes a file into the folder of the run. @returns its path */
  writeFile(name: string, text: string): string {
    writeDurably(join(this.folder, name), text);
    return join(this.folder, name);
  }

  #save(): void {
    writeDurably(join(this.folder, 'run.json'), `${JSON.stringify(this.record, undefined, 2)}\n`);
  }
}
