#!/usr/bin/env node
import { once } from 'node:events';
import { exitCodes } from './command-error.ts';
import { reasonOf } from './files/file-error.ts';
import { runCommandLine } from './run-command-line.ts';

const interruption = new AbortController();
// Once: a second Ctrl-C ends the process at once. This is safe too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe, such as `head`, may stop before the end.
  if (error.code === 'EPIPE') process.exit(exitCodes.resumable);
  process.stderr.write(`The standard output can't be written: ${reasonOf(error)}.\n`);
  process.exit(exitCodes.wrong);
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  folder: process.cwd(),
  input: process.stdin,
  write: async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  say: (text) => process.stderr.write(text),
  isInteractive: process.stderr.isTTY,
  signal: interruption.signal,
});
