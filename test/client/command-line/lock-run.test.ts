import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { build } from 'esbuild';
import { lockRun } from '../../../client/command-line/runs/lock-run.ts';

const processes = 4;
const takeLocks = fileURLToPath(new URL('./take-locks.ts', import.meta.url));

let folder: string;
let children: ChildProcessByStdio<Writable, Readable, null>[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-run-'));
  children = [];
});
afterEach(async () => {
  const ended = children.map((child) => once(child, 'close'));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ended);
  rmSync(folder, { recursive: true });
});

/** What the lock of a process has. */
const lockOf = (pid: number, host = hostname()) => `${pid} ${host}`;
/** A process that has ended. */
const endedPid = () => spawnSync(process.execPath, ['--version']).pid;

const newFiles = () => Array.from({ length: 500 }, (_, n) => join(folder, `lock-${n}`));

const compileTakeLocks = async (): Promise<string> => {
  const outfile = join(folder, 'take-locks.mjs');
  const entryPoints = [takeLocks];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  return outfile;
};

/** Starts processes that try to take the same locks at once. @returns what each of them has taken */
const takeAtOnce = async (files: string[]): Promise<string[][]> => {
  const program = await compileTakeLocks();
  const started = Array.from({ length: processes }, () =>
    spawn(process.execPath, [program, ...files], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  children.push(...started);
  await Promise.all(started.map(({ stdout }) => once(stdout.setEncoding('utf8'), 'data')));
  const answers = started.map(async ({ stdout }) => {
    let text = '';
    while (!text.endsWith('\n')) text += (await once(stdout, 'data'))[0];
    return JSON.parse(text);
  });
  for (const { stdin } of started) stdin.write('go');
  return Promise.all(answers);
};

test('of processes that take a lock at once, exactly one gets it', async () => {
  const files = newFiles();

  const taken = await takeAtOnce(files);

  expect(taken.flat().sort()).toEqual(files.sort());
});

test('of processes that take the lock of a killed process over at once, only one gets it, and then it is held', async () => {
  const files = newFiles();
  const pid = endedPid();
  for (const file of files) writeFileSync(file, lockOf(pid));

  const taken = (await takeAtOnce(files)).flat();

  // Where all of them wait for each other, the next one gets it.
  expect(new Set(taken).size).toBe(taken.length);
  const left = files.filter((file) => !taken.includes(file));
  expect((await takeAtOnce(files)).flat().sort()).toEqual(left.sort());
});

describe('a lock', () => {
  let file: string;
  beforeEach(() => {
    file = join(folder, 'lock');
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const failsWith = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };

  test('says whose it is, leaves no other file, and can be taken again after its release', () => {
    const release = lockRun(file);
    expect(readFileSync(file, 'utf8')).toBe(lockOf(process.pid));
    expect(readdirSync(folder)).toEqual(['lock']);

    release();

    expect(readdirSync(folder)).toEqual([]);
    lockRun(file)();
  });

  test('that another process takes over at the same moment stays with that process', () => {
    writeFileSync(file, lockOf(endedPid()));
    jest.spyOn(process, 'kill').mockImplementationOnce(() => {
      writeFileSync(file, lockOf(process.ppid));
      return failsWith('ESRCH')();
    });

    expect(() => lockRun(file)).toThrow(`The process ${process.ppid} works on this run`);
    expect(readFileSync(file, 'utf8')).toBe(lockOf(process.ppid));
  });

  test('of the own process is the one of a killed process with the same number, and is taken over', () => {
    writeFileSync(file, lockOf(process.pid));

    lockRun(file)();

    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['the own process', () => process.pid],
    ['a process that has ended here', endedPid],
  ])('of another host is held, also if its process has the number of %s', (_, pidOf) => {
    const lock = lockOf(pidOf(), 'another-host');
    writeFileSync(file, lock);

    expect(() => lockRun(file)).toThrow(
      `The process ${lock.split(' ')[0]} on the host another-host works on this run: wait until it has ended. If it was killed, delete the file ${file}.`,
    );
    expect(readFileSync(file, 'utf8')).toBe(lock);
  });

  test('of the process of another user is held', () => {
    const lock = lockOf(endedPid());
    writeFileSync(file, lock);
    jest.spyOn(process, 'kill').mockImplementation(failsWith('EPERM'));

    expect(() => lockRun(file)).toThrow('works on this run');
    expect(readFileSync(file, 'utf8')).toBe(lock);
  });

  test.each([
    ['by a link, so that it is never empty', { copyFileSync: failsWith('ENOSYS') }],
    ['by a copy on a file system that has no links', { linkSync: failsWith('EPERM') }],
  ])('is made %s, and one process has it', async (_, missing) => {
    const fs = await import('node:fs');
    jest.unstable_mockModule('node:fs', () => ({ ...fs, ...missing }));
    await jest.isolateModulesAsync(async () => {
      const without = await import('../../../client/command-line/runs/lock-run.ts');

      const release = without.lockRun(file);

      expect([readdirSync(folder), readFileSync(file, 'utf8')]).toEqual([['lock'], lockOf(process.pid)]);
      writeFileSync(file, lockOf(process.ppid));
      expect(() => without.lockRun(file)).toThrow(`The process ${process.ppid} works on this run`);
      expect(readFileSync(file, 'utf8')).toBe(lockOf(process.ppid));
      release();
    });
    jest.unstable_unmockModule('node:fs');
  });

  test('that the disk has no room for is not there', async () => {
    const program = await compileTakeLocks();
    // No file may have a byte.
    const script = `ulimit -f 0; exec ${process.execPath} ${program} ${file}`;
    const { stdout } = spawnSync('sh', ['-c', script], { input: 'go', encoding: 'utf8' });

    expect(stdout).toBe('ready\n[]\n');
    expect(readdirSync(folder)).toEqual(['take-locks.mjs']);
  });
});
