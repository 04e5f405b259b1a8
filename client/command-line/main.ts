#!/usr/bin/env node
import { CommandError, exitCodes } from './command-error.ts';
import { reasonOf } from './files/file-error.ts';
import { runCommandLine } from './run-command-line.ts';

const interruption = new AbortController();
// Once: a second Ctrl-C ends the process at once. This is safe too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

/** The reader of a pipe, such as `head`, may stop before the end. Then the command stops too, and says nothing. */
let isReaderGone = false;
// The write that fails has the error too.
process.stdout.on('error', () => undefined);
/** Resolves when the text is written. So a run whose output nobody has seen is not finished. */
const write = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error) return resolve();
      isReaderGone = (error as NodeJS.ErrnoException).code === 'EPIPE';
      const reason = `The standard output can't be written: ${reasonOf(error)}.`;
      reject(new CommandError(exitCodes.resumable, `${reason} Run the same command again.`));
    });
  });

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  folder: process.cwd(),
  input: process.stdin,
  write,
  say: (text) => {
    if (!isReaderGone) process.stderr.write(text);
  },
  isInteractive: process.stderr.isTTY,
  signal: interruption.signal,
});
