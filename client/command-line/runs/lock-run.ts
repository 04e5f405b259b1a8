import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, exitCodes } from '../command-error.ts';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/**
 * Lets one process at a time work on a run: two would write into one journal. The lock of a process that was killed does not
 * count.
 * @throws CommandError while another process works on the run
 */
export const lockRun = (folder: string): void => {
  const file = join(folder, 'lock');
  const owner = existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  if (owner && owner !== process.pid && isAlive(owner))
    throw new CommandError(
      exitCodes.resumable,
      `The process ${owner} works on this run: wait until it has ended. If it is another program, delete the file ${file}.`,
    );
  writeFileSync(file, String(process.pid));
};
