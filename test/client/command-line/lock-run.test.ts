import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
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

const newFiles = () => Array.from({ length: 500 }, (_, n) => join(folder, `lock-${n}`));

/** Starts processes that try to take the same locks at once. @returns what each of them has taken */
const takeAtOnce = async (files: string[]): Promise<string[][]> => {
  const outfile = join(folder, 'take-locks.mjs');
  const entryPoints = [takeLocks];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const started = Array.from({ length: processes }, () =>
    spawn(process.execPath, [outfile, ...files], { stdio: ['pipe', 'pipe', 'inherit'] }),
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
  const { pid } = spawnSync(process.execPath, ['--version']);
  for (const file of files) writeFileSync(file, String(pid));

  const taken = (await takeAtOnce(files)).flat();

  // Where all of them wait for each other, the next one gets it.
  expect(new Set(taken).size).toBe(taken.length);
  const left = files.filter((file) => !taken.includes(file));
  expect((await takeAtOnce(files)).flat().sort()).toEqual(left.sort());
});

test('a lock that another process takes over at the same moment stays with that process', () => {
  const file = join(folder, 'lock');
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(file, String(pid));
  const kill = jest.spyOn(process, 'kill').mockImplementationOnce(() => {
    writeFileSync(file, String(process.ppid));
    throw Object.assign(new Error('There is no such process.'), { code: 'ESRCH' });
  });

  expect(() => lockRun(file)).toThrow(`The process ${process.ppid} works on this run`);

  kill.mockRestore();
  expect(readFileSync(file, 'utf8')).toBe(String(process.ppid));
});
