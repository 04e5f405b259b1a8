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
 * The command line of a running process, or undefined if there is no such process. It tells a process from a later one
 * with the same id. It is read from /proc if the system has it, because slim Linux images have no `ps`.
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
 * Sends SIGTERM to a process and waits until it has ended. Sends SIGKILL if it still runs after `timeoutMs`.
 * @param isExpected checks the command line. If it returns false, the id belongs to another process, and this does
 *   nothing.
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
