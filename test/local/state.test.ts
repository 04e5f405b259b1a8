import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../../local/dynamodb-local.ts';
import { findJava } from '../../local/java.ts';
import { commandLine } from '../../local/processes.ts';
import {
  lockStateFolder,
  cursorSecret,
  findRunningServer,
  saveSecret,
  readSecret,
  type ServerRecord,
} from '../../local/state.ts';
import { takeoverFile } from '../../local/lock-file.ts';

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

describe('a claim on the state folder', () => {
  it('tells who holds it, until it is released', async () => {
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
    expect(findRunningServer(folder)).toMatchObject({ enginePid: 7, enginePort: 8000, port: 3030 });
    lock.release();
    expect(existsSync(recordFile())).toBe(false);
    expect(findRunningServer(folder)).toBeUndefined();
  });

  it('is refused in one line while another server lives, whose record stays', async () => {
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
    ['that is gone', async () => dead],
    [
      'whose id now is another program’s',
      async () => ({ ...(await startOther()), command: 'node local/start.ts' }),
    ],
  ])('takes over from a server %s', async (_kind, server) => {
    writeRecord({ ...(await server()), ...rest });
    expect(findRunningServer(folder)).toBeUndefined();
    (await lockStateFolder(folder, 3031, false)).release();
  });

  it('takes over from a record that was cut off', async () => {
    writeFileSync(recordFile(), '{"pid":');
    (await lockStateFolder(folder, 3031, false)).release();
  });
});

describe('servers that start at once after a kill', () => {
  const stateModule = new URL('../../local/state.ts', import.meta.url);
  /** Another process that claims the folder, and tells the outcome in its first line. */
  const startLocking = async () => {
    const script = `import { claimState } from '${stateModule}';
      const outcome = claimState('${folder}', 3031, false).then(() => 'held', ({ message }) => message);
      setInterval(() => {}, 1000);
      console.log(await outcome);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const locking = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    others.push(locking);
    const [line] = await once(locking.stdout, 'data');
    return { pid: locking.pid, outcome: `${line}`.trim() };
  };
  /** An engine that takes its time to end. */
  const startLeftBehindProcess = async () => {
    const script = `process.on('SIGTERM', () => setTimeout(() => process.exit(), 1_000));
      setInterval(() => {}, 1000); console.log("up")`;
    const args = ['-e', script, 'engine.xml', `owner=${folder}`];
    const dynamoDb = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    others.push(dynamoDb);
    await once(dynamoDb.stdout, 'data');
    return dynamoDb;
  };

  it.each([
    ['while its engine ends', async () => ({ enginePid: (await startLeftBehindProcess()).pid })],
    ['with nothing else left of it', async () => ({})],
  ])('come to one that holds the folder and others that are refused, %s', async (_kind, leftBehind) => {
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
      expect(outcome).toMatch(/^held$|^A server already runs on |^Another server starts on /);
    expect(readdirSync(folder)).toEqual(['server.json']);
  });

  it('are not kept out by one that was killed in the middle of its start', async () => {
    writeRecord({ ...dead, ...rest });
    const killed = { ...dead, pid: dead.pid + 1, ...rest };
    writeFileSync(takeoverFile(recordFile(), JSON.stringify({ ...dead, ...rest })), JSON.stringify(killed));
    const [first, second] = await Promise.all([startLocking(), startLocking()]);
    expect([first, second].filter(({ outcome }) => outcome === 'held')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['server.json']);
  });
});

describe('an engine that was left behind', () => {
  it('is ended before the folder is taken over', async () => {
    const dynamoDb = await startDynamoDbLocal({ java: await findJava(), owner: folder });
    writeRecord({ ...dead, ...rest, enginePid: dynamoDb.pid, enginePort: dynamoDb.port });
    const lock = await lockStateFolder(folder, 3031, false);
    expect(commandLine(dynamoDb.pid)).toBeUndefined();
    expect(await dynamoDb.ended).toMatch(/code 143|SIGTERM/);
    lock.release();
  });

  it('is left alone where its id now is another program’s, or it serves another folder', async () => {
    const dynamoDb = await startDynamoDbLocal({ java: await findJava(), owner: `${folder}-other` });
    const bystander = await startOther();
    for (const dynamoDbPid of [bystander.pid, dynamoDb.pid]) {
      writeRecord({ ...dead, ...rest, enginePid: dynamoDbPid });
      (await lockStateFolder(folder, 3031, false)).release();
      expect(commandLine(dynamoDbPid)).toBeDefined();
    }
    expect((await fetch(dynamoDb.endpoint)).status).toBeLessThan(500);
    await dynamoDb.stop();
  });
});

describe('a kept secret', () => {
  it('is for this user alone, and comes back as it was kept', () => {
    expect(readSecret(folder, 'api-key')).toBeUndefined();
    saveSecret(folder, 'api-key', 'first');
    saveSecret(folder, 'api-key', 'second');
    expect(readSecret(folder, 'api-key')).toBe('second');
    expect(statSync(join(folder, 'api-key')).mode & 0o777).toBe(0o600);
  });

  it('for cursors is 32 random bytes, the same from run to run, and replaced where it was spoilt', () => {
    const secret = cursorSecret(folder);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(cursorSecret(folder)).toBe(secret);
    expect(statSync(join(folder, 'cursor-secret')).mode & 0o777).toBe(0o600);
    saveSecret(folder, 'cursor-secret', 'spoilt');
    const again = cursorSecret(folder);
    expect(again).toMatch(/^[0-9a-f]{64}$/);
    expect(again).not.toBe(secret);
  });
});
