import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDynamoDbLocalOf } from './dynamodb-local.ts';
import { commandLine, terminate } from './processes.ts';
import { readText, acquireLock } from './lock-file.ts';

/** What a running server tells of itself, in `server.json`. */
export interface ServerRecord {
  pid: number;
  /** The process's command line: another process may be given the same id once this one is gone. */
  command: string;
  /** Where the API is served. */
  port: number;
  inMemory: boolean;
  startedAt: string;
  dynamoDbPid?: number;
  dynamoDbPort?: number;
  eventBusPort?: number;
}

const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/** The folder of all that a local server keeps between runs. `LOCAL_STATE_DIR` names another. */
export const stateFolder = (): string => resolve(projectRoot, process.env.LOCAL_STATE_DIR ?? '.local');

const recordFile = (folder: string) => join(folder, 'server.json');

const parseRecord = (text: string | undefined): ServerRecord | undefined => {
  try {
    return JSON.parse(text ?? 'null') ?? undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const isAlive = ({ pid, command }: ServerRecord) => commandLine(pid) === command;

/** After a restart of its container, a server may have the id and the command line of the one before it. */
const isHeldByAnother = (record: ServerRecord): boolean => record.pid !== process.pid && isAlive(record);

/** The server that runs on this folder now, or undefined; what a dead one left behind does not count. */
export const findRunningServer = (folder: string): ServerRecord | undefined => {
  const record = parseRecord(readText(recordFile(folder)));
  return record && isAlive(record) ? record : undefined;
};

/** A server's hold on its state folder: while it lasts, no other server starts on it. */
export interface StateLock {
  /**
   * Puts down what runs, all that is known yet: the engine, which the next server has to find should this one be killed,
   * and where commands reach it and the event bus.
   */
  update(running: Pick<ServerRecord, 'enginePid' | 'enginePort' | 'eventBusPort'>): void;
  release(): void;
}

/**
 * Takes hold of a state folder for this process. An engine that a killed server left behind is first asked to end, and
 * waited for, since two engines on the same files would corrupt them. It is this server's to end from the moment that the
 * folder is, so that one which is killed meanwhile still leaves word of it.
 * @throws Error with one line that names the server which holds the folder, or says that another takes hold of it now.
 */
export const lockStateFolder = async (folder: string, port: number, inMemory: boolean): Promise<StateLock> => {
  mkdirSync(folder, { recursive: true });
  const seen = readText(recordFile(folder));
  const previous = parseRecord(seen);
  if (previous && isHeldByAnother(previous))
    throw new Error(
      `A server already runs on ${folder}: pid ${previous.pid}, port ${previous.port}. Stop it, or set LOCAL_STATE_DIR to another folder`,
    );

  const own: ServerRecord = {
    pid: process.pid,
    command: commandLine(process.pid) ?? '',
    port,
    inMemory,
    startedAt: new Date().toISOString(),
  };
  const leftBehind = previous?.dynamoDbPid === undefined ? {} : { enginePid: previous.dynamoDbPid };
  const isRival = (text: string) => {
    const rival = parseRecord(text);
    return rival !== undefined && isHeldByAnother(rival);
  };
  if (!acquireLock(recordFile(folder), seen, JSON.stringify({ ...own, ...leftBehind }), isRival))
    throw new Error(`Another server starts on ${folder} at this moment`);

  const update = (running: object) => {
    const next = `${recordFile(folder)}.next`;
    writeFileSync(next, JSON.stringify({ ...own, ...running }));
    renameSync(next, recordFile(folder));
  };
  if (leftBehind.enginePid !== undefined) {
    await terminate(leftBehind.enginePid, (command) => isDynamoDbLocalOf(folder, command));
    update({});
  }
  return {
    update,
    release: () => rmSync(recordFile(folder), { force: true }),
  };
};

/** Keeps a text for the next run, readable by this user alone. */
export const saveSecret = (folder: string, name: string, value: string): void => {
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
  const saved = readSecret(folder, 'cursor-secret');
  if (saved && /^[0-9a-f]{64}$/.test(saved)) return saved;
  const secret = randomBytes(32).toString('hex');
  saveSecret(folder, 'cursor-secret', secret);
  return secret;
};
