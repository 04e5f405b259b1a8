import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const readFromProc = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
};

const readFromPs = (pid: number): string => {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    return '';
  }
};

/**
 * The command line of a living process, by which it is told from another that was given the same id later; undefined
 * where there is none. Read from /proc where the system has it, as slim Linux images come without `ps`.
 */
export const commandLine = (pid: number): string | undefined =>
  (existsSync('/proc/self/cmdline') ? readFromProc(pid) : readFromPs(pid)) || undefined;

const kill = (pid: number, signal: NodeJS.Signals) => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/**
 * Asks a process to end and waits until it has; one that is still there after `patience` milliseconds is killed. Does
 * nothing where the id belongs to a process that `isIt` does not know by its command line.
 */
export const terminate = async (
  pid: number,
  isExpected: (command: string) => boolean,
  timeoutMs = 10_000,
): Promise<void> => {
  const isRunning = () => {
    const command = commandLine(pid);
    return command !== undefined && isExpected(command);
  };
  if (!isRunning()) return;
  kill(pid, 'SIGTERM');
  const deadline = Date.now() + timeoutMs;
  while (isRunning()) {
    if (Date.now() > deadline) kill(pid, 'SIGKILL');
    await pause(25);
  }
};
