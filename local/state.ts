import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isEngineOf } from './engine.ts';
import { commandLine, terminate } from './processes.ts';

/** What a running server tells of itself, in `server.json`. */
export interface ServerRecord {
  pid: number;
  /** The process's command line: another process may be given the same id once this one is gone. */
  command: string;
  /** Where the API is served. */
  port: number;
  inMemory: boolean;
  startedAt: string;
  enginePid?: number;
  enginePort?: number;
}

const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/** The folder of all that a local server keeps between runs. `LOCAL_STATE_DIR` names another. */
export const stateFolder = (): string => resolve(projectRoot, process.env.LOCAL_STATE_DIR ?? '.local');

const recordFile = (folder: string) => join(folder, 'server.json');

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

const readRecord = (folder: string): ServerRecord | undefined => {
  try {
    return JSON.parse(readText(recordFile(folder)) ?? 'null') ?? undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const isAlive = ({ pid, command }: ServerRecord) => commandLine(pid) === command;

/** The server that runs on this folder now, or undefined; what a dead one left behind does not count. */
export const findRunningServer = (folder: string): ServerRecord | undefined => {
  const record = readRecord(folder);
  return record && isAlive(record) ? record : undefined;
};

/** A server's hold on its state folder: while it lasts, no other server starts on it. */
export interface Claim {
  /** Puts down the engine, as far as it is known yet, so that the next server finds it should this one be killed. */
  noteEngine(engine: { enginePid: number; enginePort?: number }): void;
  release(): void;
}

/**
 * Takes hold of a state folder for this process. An engine that a killed server left behind is first asked to end, and
 * waited for, since two engines on the same files would corrupt them.
 * @throws Error with one line that names the server which holds the folder.
 */
export const claimState = async (folder: string, port: number, inMemory: boolean): Promise<Claim> => {
  mkdirSync(folder, { recursive: true });
  const held = readRecord(folder);
  if (held && isAlive(held) && held.pid !== process.pid)
    throw new Error(
      `A server already runs on ${folder}: pid ${held.pid}, port ${held.port}. Stop it, or set LOCAL_STATE_DIR to another folder`,
    );
  if (held?.enginePid !== undefined)
    await terminate(held.enginePid, (command) => isEngineOf(folder, command));
  rmSync(recordFile(folder), { force: true });

  let record: ServerRecord = {
    pid: process.pid,
    command: commandLine(process.pid) ?? '',
    port,
    inMemory,
    startedAt: new Date().toISOString(),
  };
  const next = `${recordFile(folder)}.${process.pid}`;
  writeFileSync(next, JSON.stringify(record));
  try {
    // A link is made whole or not at all, and only where there is none yet.
    linkSync(next, recordFile(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`Another server starts on ${folder} at this moment`);
  } finally {
    rmSync(next);
  }
  return {
    noteEngine: (engine) => {
      record = { ...record, ...engine };
      writeFileSync(next, JSON.stringify(record));
      renameSync(next, recordFile(folder));
    },
    release: () => rmSync(recordFile(folder), { force: true }),
  };
};

/** Keeps a text for the next run, readable by this user alone. */
export const keepSecret = (folder: string, name: string, value: string): void => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  const next = `${file}.next`;
  writeFileSync(next, `${value}\n`, { mode: 0o600 });
  renameSync(next, file);
};

/** A text that was kept, or undefined. */
export const readSecret = (folder: string, name: string): string | undefined =>
  readText(join(folder, name))?.trim() || undefined;

/** The secret that seals cursors, drawn at the first run, so that a cursor outlives a restart. */
export const cursorSecret = (folder: string): string => {
  const kept = readSecret(folder, 'cursor-secret');
  if (kept && /^[0-9a-f]{64}$/.test(kept)) return kept;
  const drawn = randomBytes(32).toString('hex');
  keepSecret(folder, 'cursor-secret', drawn);
  return drawn;
};
