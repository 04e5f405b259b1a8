import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../../local/dynamodb-local.ts';
import { findJava } from '../../local/java.ts';
import { takeoverFile } from '../../local/lock-file.ts';
import { commandLine } from '../../local/processes.ts';
import {
  cursorSecret,
  findRunningServer,
  lockStateFolder,
  readSecret,
  type ServerRecord,
  saveSecret,
} from '../../local/state.ts';

let folder: string;
let others: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-'));
  others = [];
});
afterEach(() => {
  for (const other of others) other.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const recordFile = () => join(folder, 'server.json');
const record = (): ServerRecord => JSON.parse(readFileSync(recordFile(), 'utf8'));
const writeRecord = (text: unknown) => writeFileSync(recordFile(), JSON.stringify(text));

/** Another process that lives until the test is over. */
const startOther = async () => {
  const other = spawn(
    process.execPath,
    ['-e', 'console.log("up"); setInterval(() => {}, 1000)', 'a server'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  others.push(other);
  await once(other.stdout, 'data');
  const pid = other.pid as number;
  return { pid, command: commandLine(pid) as string };
};
const dead = { pid: 2 ** 22 + 1, command: 'node local/start.ts' };
const rest = { port: 3030, inMemory: false, startedAt: '2026-01-01T00:00:00.000Z' };

describe('the lock of a state folder', () => {
  it('names the server that holds it until it is released', async () => {
    const lock = await lockStateFolder(folder, 3030, true);
    expect(record()).toEqual({
      pid: process.pid,
      command: commandLine(process.pid),
      port: 3030,
      inMemory: true,
      startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    lock.update({ dynamoDbPid: 7 });
    lock.update({ dynamoDbPid: 7, dynamoDbPort: 8000 });
    expect(findRunningServer(folder)).toMatchObject({ dynamoDbPid: 7, dynamoDbPort: 8000, port: 3030 });
    lock.release();
    expect(existsSync(recordFile())).toBe(false);
    expect(findRunningServer(folder)).toBeUndefined();
  });

  it.each([
    ['removes the secrets of a server in memory', true, []],
    ['keeps the secrets of a server that keeps its data', false, ['api-key', 'cursor-secret']],
  ])('%s when it is released', async (_rule, inMemory, left) => {
    const lock = await lockStateFolder(folder, 3030, inMemory);
    saveSecret(folder, 'api-key', 'key');
    cursorSecret(folder);
    lock.release();
    expect(readdirSync(folder)).toEqual(left);
  });

  it('keeps the secrets of an earlier run, also when a server in memory releases it', async () => {
    saveSecret(folder, 'api-key', 'key');
    const lock = await lockStateFolder(folder, 3030, true);
    cursorSecret(folder);
    lock.release();
    expect(readdirSync(folder)).toEqual(['api-key']);
  });

  it('leaves none of the folders that it made, if a server in memory releases it', async () => {
    const lock = await lockStateFolder(join(folder, 'a/b/c'), 3030, true);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves a folder that it made if another file is in it', async () => {
    const lock = await lockStateFolder(join(folder, 'a/b/c'), 3030, true);
    writeFileSync(join(folder, 'a/notes'), '');
    lock.release();
    expect(readdirSync(folder, { recursive: true })).toEqual(['a', 'a/notes']);
  });

  it('is refused with one line while another server runs, and the record of that server stays', async () => {
    const existing = { ...(await startOther()), ...rest };
    writeRecord(existing);
    await expect(lockStateFolder(folder, 3031, false)).rejects.toThrow(
      new Error(
        `A server already runs on ${folder}: pid ${existing.pid}, port 3030. Stop it, or set LOCAL_STATE_DIR to another folder`,
      ),
    );
    expect(record()).toEqual(existing);
    expect(findRunningServer(folder)).toEqual(existing);
  });

  it.each([
    ['that has ended', async () => dead],
    [
      'whose process id now belongs to another program',
      async () => ({ ...(await startOther()), command: 'node local/start.ts' }),
    ],
  ])('is taken over from a server %s', async (_kind, server) => {
    writeRecord({ ...(await server()), ...rest });
    expect(findRunningServer(folder)).toBeUndefined();
    (await lockStateFolder(folder, 3031, false)).release();
  });

  it('is taken over from a record that was not written completely', async () => {
    writeFileSync(recordFile(), '{"pid":');
    (await lockStateFolder(folder, 3031, false)).release();
  });
});

describe('servers that start at the same time after a kill', () => {
  const stateModule = new URL('../../local/state.ts', import.meta.url);
  /** Starts another process that tries to lock the folder, and prints the outcome in its first line. */
  const startLocking = async () => {
    const script = `import { lockStateFolder } from '${stateModule}';
      const outcome = lockStateFolder('${folder}', 3031, false).then(() => 'held', ({ message }) => message);
      setInterval(() => {}, 1000);
      console.log(await outcome);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const locking = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    others.push(locking);
    const [line] = await once(locking.stdout, 'data');
    return { pid: locking.pid, outcome: `${line}`.trim() };
  };
  /** Starts a process that looks like a DynamoDB Local of this folder and takes a second to end. */
  const startLeftBehindProcess = async () => {
    const script = `process.on('SIGTERM', () => setTimeout(() => process.exit(), 1_000));
      setInterval(() => {}, 1000); console.log("up")`;
    const args = ['-e', script, 'DynamoDbLocal.java', `owner=${folder}`];
    const dynamoDb = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    others.push(dynamoDb);
    await once(dynamoDb.stdout, 'data');
    return dynamoDb;
  };

  it.each([
    ['a DynamoDB Local behind', async () => ({ dynamoDbPid: (await startLeftBehindProcess()).pid })],
    ['only its record behind', async () => ({})],
  ])('lock the folder only once, and the others are refused, if the killed server left %s', async (_kind, leftBehind) => {
    writeRecord({ ...dead, ...rest, ...(await leftBehind()) });
    const attempts = await Promise.all(Array.from({ length: 4 }, startLocking));
    const holders = attempts.filter(({ outcome }) => outcome === 'held');
    expect(holders).toHaveLength(1);
    expect(record()).toEqual({
      ...rest,
      port: 3031,
      pid: holders[0]?.pid,
      command: expect.anything(),
      startedAt: expect.anything(),
    });
    for (const { outcome } of attempts)
      expect(outcome).toMatch(/^held$|^A server already runs on |^Another server is starting on /);
    expect(readdirSync(folder)).toEqual(['server.json']);
  });

  it('are not blocked by a server that was killed during its own start', async () => {
    writeRecord({ ...dead, ...rest });
    const killed = { ...dead, pid: dead.pid + 1, ...rest };
    writeFileSync(takeoverFile(recordFile(), JSON.stringify({ ...dead, ...rest })), JSON.stringify(killed));
    const [first, second] = await Promise.all([startLocking(), startLocking()]);
    expect([first, second].filter(({ outcome }) => outcome === 'held')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['server.json']);
  });
});

describe('a DynamoDB Local that was left behind', () => {
  it('is stopped before the folder is locked', async () => {
    const dynamoDb = await startDynamoDbLocal({ java: await findJava(), owner: folder });
    writeRecord({ ...dead, ...rest, dynamoDbPid: dynamoDb.pid, dynamoDbPort: dynamoDb.port });
    const lock = await lockStateFolder(folder, 3031, false);
    expect(commandLine(dynamoDb.pid)).toBeUndefined();
    expect(await dynamoDb.ended).toMatch(/code 143|SIGTERM/);
    lock.release();
  });

  it('is not stopped if its process id now belongs to another program, or if it serves another folder', async () => {
    const dynamoDb = await startDynamoDbLocal({ java: await findJava(), owner: `${folder}-other` });
    const bystander = await startOther();
    for (const dynamoDbPid of [bystander.pid, dynamoDb.pid]) {
      writeRecord({ ...dead, ...rest, dynamoDbPid });
      (await lockStateFolder(folder, 3031, false)).release();
      expect(commandLine(dynamoDbPid)).toBeDefined();
    }
    expect((await fetch(dynamoDb.endpoint)).status).toBeLessThan(500);
    await dynamoDb.stop();
  });
});

describe('a saved secret', () => {
  it('is readable only for the current user and is read back unchanged', () => {
    expect(readSecret(folder, 'api-key')).toBeUndefined();
    saveSecret(folder, 'api-key', 'first');
    saveSecret(folder, 'api-key', 'second');
    expect(readSecret(folder, 'api-key')).toBe('second');
    expect(statSync(join(folder, 'api-key')).mode & 0o777).toBe(0o600);
  });

  it('for cursors is 32 random bytes, stays the same, and is replaced if its file is damaged', () => {
    const secret = cursorSecret(folder);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(cursorSecret(folder)).toBe(secret);
    expect(statSync(join(folder, 'cursor-secret')).mode & 0o777).toBe(0o600);
    saveSecret(folder, 'cursor-secret', 'damaged');
    const again = cursorSecret(folder);
    expect(again).toMatch(/^[0-9a-f]{64}$/);
    expect(again).not.toBe(secret);
  });
});
