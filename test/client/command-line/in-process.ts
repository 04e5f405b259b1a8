import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll } from '@jest/globals';
import { runCommandLine } from '../../../client/command-line/run-command-line.ts';
import type { Terminal } from '../../../client/command-line/terminal.ts';

interface Printed {
  code: number;
  out: string;
  err: string;
}

/** A folder in which commands are run, by a key. */
export interface CommandFolder {
  path: string;
  /** Runs a command in this process, without a terminal. */
  run(...args: string[]): Promise<Printed>;
  /** As `run`, with some of what the command uses replaced. */
  runWith(terminal: Partial<Terminal>, ...args: string[]): Promise<Printed>;
  write(name: string, content: string | Uint8Array): void;
  read(name: string): string;
}

/** @returns a function that makes folders. They are removed after the tests of the file */
export const useCommandFolders = (): ((target: { url: string; key: string }) => CommandFolder) => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  return ({ url, key }) => {
    const path = mkdtempSync(join(tmpdir(), 'command-line-'));
    folders.push(path);
    const runWith = async (terminal: Partial<Terminal>, ...args: string[]): Promise<Printed> => {
      let out = '';
      let err = '';
      const code = await runCommandLine([...args], {
        env: { CHANNELS_KEY: key, NO_COLOR: '1' },
        folder: path,
        input: Readable.from([]),
        write: async (text) => {
          out += text;
        },
        say: (text) => {
          err += text;
        },
        isInteractive: false,
        signal: new AbortController().signal,
        ...terminal,
      });
      return { code, out, err };
    };
    return {
      path,
      runWith,
      run: (command = '', ...args) => runWith({}, command, ...args, '--url', url),
      write: (name, content) => writeFileSync(join(path, name), content),
      read: (name) => readFileSync(join(path, name), 'utf8'),
    };
  };
};

/** The objects of NDJSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests read any output
export const parseLines = (text: string): any[] =>
  text
    .split('\n')
    .filter((line) => line)
    .map((line) => JSON.parse(line));
