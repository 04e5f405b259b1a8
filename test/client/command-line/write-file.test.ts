import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
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
  expect(seen).toEqual([[`x.csv.${process.pid}.tmp`]]);
  expect(readFileSync(file, 'utf8')).toBe('one, two');
});

test('a link stays a link, and its file is replaced', async () => {
  const [file, link] = [join(folder, 'x.csv'), join(folder, 'link.csv')];
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  await writeFileAtOnce(
    link,
    (async function* () {
      yield 'new';
    })(),
  );
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe('new');
});
