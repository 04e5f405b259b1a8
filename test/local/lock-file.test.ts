import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { acquireLock, takeoverFile } from '../../local/lock-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-file-'));
  file = join(folder, 'record');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isAlive = (text: string) => text.startsWith('alive');
const filesInFolder = () =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

describe('acquireLock', () => {
  test.each([['dead'], [undefined]])('replaces the content that the process saw: %j', (seen) => {
    if (seen !== undefined) writeFileSync(file, seen);
    expect(acquireLock(file, seen, 'alive 1', isAlive)).toBe(true);
    expect(filesInFolder()).toEqual({ record: 'alive 1' });
  });

  test('does not overwrite the lock that a faster process has written meanwhile', () => {
    writeFileSync(file, 'alive 2');
    expect(acquireLock(file, 'dead', 'alive 1', isAlive)).toBe(false);
    expect(filesInFolder()).toEqual({ record: 'alive 2' });
  });

  test('returns false at once if another live process is taking over', () => {
    writeFileSync(file, 'dead');
    writeFileSync(takeoverFile(file, 'dead'), 'alive 2');
    const before = filesInFolder();
    expect(acquireLock(file, 'dead', 'alive 1', isAlive)).toBe(false);
    expect(filesInFolder()).toEqual(before);
  });

  test('takes over from processes that were killed while they were taking over', () => {
    writeFileSync(file, 'dead');
    writeFileSync(takeoverFile(file, 'dead'), 'dead 2');
    writeFileSync(takeoverFile(file, 'dead 2'), 'dead 3');
    expect(acquireLock(file, 'dead', 'alive 1', isAlive)).toBe(true);
    expect(filesInFolder()).toEqual({ record: 'alive 1' });
  });
});
