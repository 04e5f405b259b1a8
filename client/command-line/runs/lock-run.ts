import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CommandError, exitCodes } from '../command-error.ts';

/** The process that has a lock. Containers that use one folder have hosts of their own, and processes with the same numbers. */
interface Owner {
  pid: number;
  host: string;
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * Gives a complete file another name, if nothing has this name. Some file systems have no links. There, a copy is made. It has
 * the name before it has its content.
 */
const linkOrCopy = (from: string, to: string): void => {
  try {
    linkSync(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
};

/** @returns whether the file was not there. Of several processes, one creates it. It never has a part of its content. */
const create = (file: string): boolean => {
  const complete = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(complete, `${process.pid} ${hostname()}`, { flag: 'wx', flush: true });
    linkOrCopy(complete, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(complete, { force: true });
  }
};

/** Undefined while a lock is being released. */
const ownerOf = (file: string): Owner | undefined => {
  try {
    const [pid, host = ''] = readFileSync(file, 'utf8').split(' ');
    return Number(pid) ? { pid: Number(pid), host } : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const isHeld = (file: string): boolean => {
  const owner = ownerOf(file);
  // Nobody can see from here whether a process on another host runs.
  if (owner === undefined || owner.host !== hostname()) return true;
  // In a container, a process often has the number of the one that was killed before it.
  if (owner.pid === process.pid) return false;
  try {
    return process.kill(owner.pid, 0);
  } catch (error) {
    // The process of another user.
    return codeOf(error) === 'EPERM';
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

const refusal = (file: string, owner: Owner | undefined): string => {
  const name = owner ? `The process ${owner.pid}` : 'Another process';
  return owner && owner.host !== hostname()
    ? `${name} on the host ${owner.host} works on this run: wait until it has ended. If it was killed, delete the file ${file}.`
    : `${name} works on this run: wait until it has ended. If it is another program, delete the file ${file}.`;
};

/**
 * Lets one process at a time work on a run: two would write into one journal. The lock of a process that was killed does not
 * count, but only if that process was on this host. Containers with the same host name must not share a folder.
 * @returns a function that releases the lock
 * @throws CommandError while another process holds the lock
 */
export const lockRun = (file: string): (() => void) => {
  if (take(file)) return () => rmSync(file, { force: true });
  throw new CommandError(exitCodes.resumable, refusal(file, ownerOf(file)));
};
