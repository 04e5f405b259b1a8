import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError, exitCodes } from '../command-error.ts';

/** @returns whether the file was not there. Of several processes, one creates it. */
const create = (file: string): boolean => {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx', flush: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** The process that has a lock. Undefined while a lock is being taken or released. */
const ownerOf = (file: string): number | undefined => {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const isHeld = (file: string): boolean => {
  const owner = ownerOf(file);
  if (owner === undefined) return true;
  // In a container, a process often has the number of the one that was killed before it.
  if (owner === process.pid) return false;
  try {
    return process.kill(owner, 0);
  } catch (error) {
    // The process of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The lock of a killed process is taken over under a lock of its own. Otherwise a second process could remove the new lock. */
const take = (file: string): boolean => {
  if (create(file)) return true;
  if (isHeld(file)) return false;
  const takeover = `${file}-takeover`;
  if (!take(takeover)) return false;
  try {
    if (isHeld(file)) return false;
    rmSync(file);
    return create(file);
  } finally {
    rmSync(takeover);
  }
};

/**
 * Lets one process at a time work on a run: two would write into one journal. The lock of a process that was killed does not
 * count.
 * @returns a function that releases the lock
 * @throws CommandError while another process holds the lock
 */
export const lockRun = (file: string): (() => void) => {
  if (take(file)) return () => rmSync(file, { force: true });
  const owner = ownerOf(file);
  throw new CommandError(
    exitCodes.resumable,
    `${owner ? `The process ${owner}` : 'Another process'} works on this run: wait until it has ended. If it is another program, delete the file ${file}.`,
  );
};
