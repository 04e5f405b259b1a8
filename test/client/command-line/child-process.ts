import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const main = fileURLToPath(new URL('../../../client/command-line/main.ts', import.meta.url));

/** Compiles the command line into one file, which starts faster than its source. @returns the path of the file */
export const compileCommandLine = async (folder: string): Promise<string> => {
  const outfile = join(folder, 'client-channels.mjs');
  await build({
    entryPoints: [main],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
};

export interface RunningCommand {
  child: ChildProcess;
  ended: Promise<{ code: number | null; out: string; err: string }>;
}

/** Starts a command as a process of its own. */
export const startCommand = (
  file: string,
  args: string[],
  { folder, key, url }: { folder: string; key: string; url: string },
): RunningCommand => {
  const child = spawn(process.execPath, [file, ...args, '--url', url], {
    cwd: folder,
    env: { PATH: process.env.PATH, CHANNELS_KEY: key },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, out, err })) };
};
