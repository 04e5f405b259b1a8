import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { ServerRecord } from '../../local/state.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const running = new Set<ChildProcess>();
let folder: string;

/** Gives the test file its own state folder, and ends its processes after each test. */
export const useLocalServers = (): void => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-server-'));
  });
  // The next test uses the same folder, so it must not start while a server still holds the lock.
  afterEach(async () => {
    const closed = [...running].map((child) => once(child, 'close'));
    for (const child of running) child.kill('SIGTERM');
    await Promise.all(closed);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
};

/** A path in the state folder. */
export const inFolder = (name: string) => join(folder, name);
export const recordFile = () => inFolder('server.json');
export const record = (): ServerRecord => JSON.parse(readFileSync(recordFile(), 'utf8'));

/** Runs a program with the state folder, in its own process group, as a terminal does. */
const launch = (program: string, args: string[], environment: NodeJS.ProcessEnv) => {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    env: { ...inherited, LOCAL_STATE_DIR: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const lines: string[] = [];
  const errors: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return { code: code as number, errors };
  });
  /** Waits for a line that starts with this text, and returns it. */
  const line = async (beginning: string): Promise<string> => {
    const found = () => lines.find((text) => text.startsWith(beginning));
    while (found() === undefined)
      await Promise.race([
        once(output, 'line'),
        ended.then(() => {
          if (found() === undefined) throw new Error(`The process ended early: ${errors.join('\n')}`);
        }),
      ]);
    return found() as string;
  };
  return { child, lines, line, ended };
};

/** Runs a program of the project. */
export const run = (file: string, args: string[] = [], environment: NodeJS.ProcessEnv = {}) =>
  launch(process.execPath, ['--import', 'tsx', file, ...args], environment);

const server = ({ child, lines, line, ended }: ReturnType<typeof launch>) => {
  const ready = async () => ({
    key: (await line('api-key: ')).slice('api-key: '.length),
    url: (await line('ready')).split(' ').at(-1) as string,
  });
  const ctrlC = () => process.kill(-(child.pid as number), 'SIGINT');
  return { child, lines, line, ready, ended, ctrlC };
};

/** Starts the program behind `npm start`. */
export const start = (args: string[] = [], environment: NodeJS.ProcessEnv = {}) =>
  server(run('local/start.ts', args, { PORT: '0', ...environment }));

/** Starts `npm start` itself. */
export const startByNpm = (...args: string[]) =>
  server(launch('npm', ['start', '--', ...args], { PORT: '0' }));

/** Runs a program of the project and waits until it ends. */
const program =
  (file: string) =>
  async (...args: string[]) => {
    const { lines, ended } = run(file, args);
    const { code, errors } = await ended;
    return { code, lines, errors };
  };

const command = (name: string) => program(`commands/${name}.ts`);

export const keysCommand = command('api-keys');
export const reindexCommand = command('reindex');
export const replayCommand = command('replay');
export const restoreCommand = command('restore-backup');
export const cdkCommand =
  (name: string) =>
  (...args: string[]) =>
    command('stacks')(name, ...args);
export const faultsCommand = program('test/faults/run.ts');
