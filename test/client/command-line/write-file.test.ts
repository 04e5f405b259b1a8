import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeFileAtOnce } from '../../../client/command-line/files/write-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function* pieces(...texts: string[]) {
  yield* texts;
}

test('a file has its name only when it is complete', async () => {
  const file = join(folder, 'x.csv');
  const seen: string[][] = [];
  await writeFileAtOnce(
    file,
    (async function* () {
      yield 'one, ';
      seen.push(readdirSync(folder));
      yield 'two';
    })(),
  );
  expect(seen).toEqual([[expect.stringMatching(/^x\.csv\.[0-9a-f]{8}\.tmp$/)]]);
  expect(readFileSync(file, 'utf8')).toBe('one, two');
});

test('a link stays a link, and its file is replaced', async () => {
  const [file, link] = [join(folder, 'x.csv'), join(folder, 'link.csv')];
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  await writeFileAtOnce(link, pieces('new'));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe('new');
});

test('what a killed process with the same number has left does not disturb', async () => {
  const file = join(folder, 'x.csv');
  writeFileSync(`${file}.${process.pid}.tmp`, 'half');
  await writeFileAtOnce(file, pieces('new'));
  expect(readFileSync(file, 'utf8')).toBe('new');
});

test('a file that only its owner may read stays so, also while it is written', async () => {
  const file = join(folder, 'x.csv');
  writeFileSync(file, 'old');
  chmodSync(file, 0o600);
  const permissions = () => readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
  const seen: number[][] = [];
  await writeFileAtOnce(
    file,
    (async function* () {
      seen.push(permissions());
      yield 'new';
    })(),
  );
  expect([...seen, permissions()]).toEqual([[0o600, 0o600], [0o600]]);
});
