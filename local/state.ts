import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDynamoDbLocalOf } from './dynamodb-local.ts';
import { acquireLock, readText } from './lock-file.ts';
import { commandLine, terminate } from './processes.ts';

/** The content of `server.json`. A running server writes it, and commands read it. It locks the state folder. */
export interface ServerRecord {
  pid: number;
  /** The command line. It tells this process from a later one with the same id. */
  command: string;
  /** The port of the API. */
  port: number;
  inMemory: boolean;
  startedAt: string;
  dynamoDbPid?: number;
  dynamoDbPort?: number;
  eventBusPort?: number;
}

const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/** The folder in which a local server keeps its state between runs. Set `LOCAL_STATE_DIR` to use another one. */
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

/** Ignores a record with this process's own id: before a container restart, another server can have had the same id. */
const isHeldByAnother = (record: ServerRecord): boolean => record.pid !== process.pid && isAlive(record);

/** The record of the server that runs on this folder, or undefined. Ignores the record of a dead server. */
export const findRunningServer = (folder: string): ServerRecord | undefined => {
  const record = parseRecord(readText(recordFile(folder)));
  return record && isAlive(record) ? record : undefined;
};

/** The files with the API key that the server prints, and with the secret that seals cursors. */
const secretNames = ['api-key', 'cursor-secret'] as const;
type SecretName = (typeof secretNames)[number];

/** Removes a folder and the folders around it, up to the outermost one, until one is not empty. */
const removeEmptyFolders = (folder: string, outermost: string): void => {
  if (readdirSync(folder).length) return;
  rmdirSync(folder);
  if (folder !== outermost) removeEmptyFolders(dirname(folder), outermost);
};

/** The lock of a state folder. No other server starts on the folder until `release`. */
export interface StateLock {
  /**
   * Replaces the process ids and ports in the record, so pass all that are known. Commands need the ports. If this
   * server is killed, the next one needs the id of DynamoDB Local.
   */
  update(running: Pick<ServerRecord, 'dynamoDbPid' | 'dynamoDbPort' | 'eventBusPort'>): void;
  /** If the server was in memory, this also removes the secrets that it wrote, and the folders that it made. */
  release(): void;
}

/**
 * Locks a state folder for this process. If a killed server left a DynamoDB Local behind, it is stopped first, because
 * two of them on the same files would corrupt the data. The new record includes its process id from the start, so that
 * the id is not lost if this server is killed too.
 * @throws Error with one line if another server runs on the folder, or is just starting on it.
 */
export const lockStateFolder = async (
  folder: string,
  port: number,
  inMemory: boolean,
): Promise<StateLock> => {
  const firstNewFolder = mkdirSync(folder, { recursive: true });
  const newSecrets = secretNames.filter((name) => !existsSync(join(folder, name)));
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
  const leftBehind = previous?.dynamoDbPid === undefined ? {} : { dynamoDbPid: previous.dynamoDbPid };
  const isRival = (text: string) => {
    const rival = parseRecord(text);
    return rival !== undefined && isHeldByAnother(rival);
  };
  if (!acquireLock(recordFile(folder), seen, JSON.stringify({ ...own, ...leftBehind }), isRival))
    throw new Error(`Another server is starting on ${folder}`);

  const update = (running: object) => {
    const next = `${recordFile(folder)}.next`;
    writeFileSync(next, JSON.stringify({ ...own, ...running }));
    renameSync(next, recordFile(folder));
  };
  if (leftBehind.dynamoDbPid !== undefined) {
    await terminate(leftBehind.dynamoDbPid, (command) => isDynamoDbLocalOf(folder, command));
    update({});
  }
  return {
    update,
    release: () => {
      if (inMemory) for (const name of newSecrets) rmSync(join(folder, name), { force: true });
      rmSync(recordFile(folder), { force: true });
      if (inMemory && firstNewFolder !== undefined) removeEmptyFolders(folder, firstNewFolder);
    },
  };
};

/** Writes a secret into the state folder. Only the current user can read the file. */
export const saveSecret = (folder: string, name: SecretName, value: string): void => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  const next = `${file}.next`;
  writeFileSync(next, `${value}\n`, { mode: 0o600 });
  renameSync(next, file);
};

/** A secret that `saveSecret` wrote, or undefined. */
export const readSecret = (folder: string, name: SecretName): string | undefined =>
  readText(join(folder, name))?.trim() || undefined;

/** The secret that seals cursors. It is created in the first run and kept, so that cursors survive a restart. */
export const cursorSecret = (folder: string): string => {
  const saved = readSecret(folder, 'cursor-secret');
  if (saved && /^[0-9a-f]{64}$/.test(saved)) return saved;
  const secret = randomBytes(32).toString('hex');
  saveSecret(folder, 'cursor-secret', secret);
  return secret;
};
