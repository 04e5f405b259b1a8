import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compileCommandLine } from './child-process.ts';

let folder: string;
let child: ChildProcessWithoutNullStreams | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'standard-input-'));
});
afterAll(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});
/** A command that does not stop waits for its input forever. */
const timeoutMs = 60_000;

test(
  'Ctrl-C stops an import that still reads standard input, with exit code 3',
  async () => {
    const program = await compileCommandLine(folder);
    child = spawn(process.execPath, [program, 'import', '-'], {
      cwd: folder,
      env: { CHANNELS_KEY: 'key' },
    });
    const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
    // More than a pipe holds: once it is written, the command reads.
    const { stdin } = child;
    await new Promise((resolve) => stdin.write(`{"name":"${'x'.repeat(1_000_000)}`, resolve));

    child.kill('SIGINT');

    const [[code], out, err] = await ended;
    expect({ code, out, err }).toEqual({
      code: 3,
      out: '',
      err: 'Interrupted. Run the same command again.\n',
    });
  },
  timeoutMs,
);
