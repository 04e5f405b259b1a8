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
import { Journal } from './journal.ts';
import { lockRun } from './lock-run.ts';

/** What makes two runs the same: if the first is not finished, the second goes on with it. */
interface RunIdentity {
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

const newId = (): string => {
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return `${time.slice(0, 8)}-${time.slice(8)}-${randomBytes(2).toString('hex')}`;
};

/** An import or a sync, with a folder of its own in `.client-channels`. */
export class Run {
  readonly folder: string;
  readonly journal: Journal;
  record: RunRecord;

  private constructor(folder: string, record: RunRecord) {
    this.folder = folder;
    this.record = record;
    lockRun(folder);
    this.journal = new Journal(join(folder, 'journal.ndjson'));
  }

  /** Finds the run of the same command on the same content that is not finished. */
  static findUnfinished(parent: string, source: RunSource): Run | undefined {
    const runs = folderOfRuns(parent);
    if (!existsSync(runs)) return undefined;
    const digest = digestOf(source);
    for (const id of readdirSync(runs).sort().reverse()) {
      const record = readRecord(join(runs, id));
      if (record?.digest === digest && record.finished_at === undefined)
        return new Run(join(runs, id), record);
    }
    return undefined;
  }

  static start(parent: string, source: RunSource): Run {
    const id = newId();
    const folder = join(folderOfRuns(parent), id);
    mkdirSync(folder, { recursive: true });
    const { identity, file, rows } = source;
    const started_at = new Date().toISOString();
    const run = new Run(folder, { id, ...identity, file, digest: digestOf(source), rows, started_at });
    run.#save();
    return run;
  }

  /** @throws CommandError if there is no such run */
  static open(parent: string, id: string): Run {
    const folder = join(folderOfRuns(parent), id);
    const record = /^[\w-]+$/.test(id) ? readRecord(folder) : undefined;
    if (!record) throw wrong(`There is no run ${id} in ${folderOfRuns(parent)}.`);
    return new Run(folder, record);
  }

  finish(): void {
    this.record = {
      ...this.record,
      finished_at: new Date().toISOString(),
      summary: this.journal.summary,
    };
    this.#save();
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

const readRecord = (folder: string): RunRecord | undefined => {
  const file = join(folder, 'run.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};
