import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
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
  /** The folder that keeps the data; absent: in memory. */
  dbPath?: string | undefined;
  /** Stands on the engine's command line, so that one left behind can be told from any other. */
  owner: string;
  /** Hears the process's id before anything else can fail. */
  onSpawn?: (pid: number) => void;
  /** Ends the start, and the engine with it. */
  signal?: AbortSignal;
  /** How long it may take until it answers, in milliseconds. */
  startTimeoutMs?: number;
}

export interface DynamoDbLocal {
  pid: number;
  port: number;
  endpoint: string;
  /** Settles when the process has ended, with one line that tells why, as far as that is known. */
  ended: Promise<string>;
  /** Lets the engine answer what it has begun and close its files; resolves when it has ended. */
  stop(): Promise<void>;
}

const jettyConfiguration = fileURLToPath(new URL('./dynamodb-local.xml', import.meta.url));
const simulatorFolder = join(
  dirname(createRequire(import.meta.url).resolve('amplify-dynamodb-simulator/package.json')),
  'emulator',
);
const libraryFolder = join(simulatorFolder, 'DynamoDBLocal_lib');

const javaArguments = ({ dbPath, owner }: DynamoDbLocalOptions): string[] => [
  '-Xshare:auto',
  '-XX:+UseSerialGC',
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
  `-Djava.library.path=${libraryFolder}`,
  '-Dorg.eclipse.jetty.LEVEL=WARN',
  '-Dorg.eclipse.jetty.util.log.announce=false',
  '-cp',
  [join(simulatorFolder, 'DynamoDBLocal.jar'), join(libraryFolder, '*')].join(delimiter),
  'org.eclipse.jetty.xml.XmlConfiguration',
  jettyConfiguration,
  `owner=${owner}`,
  ...(dbPath === undefined ? ['inMemory=true'] : ['inMemory=false', `dbPath=${dbPath}`]),
];

/** Whether a command line is that of an engine which `owner` started. */
export const isDynamoDbLocalOf = (owner: string, command: string): boolean =>
  command.includes('engine.xml') && `${command} `.includes(` owner=${owner} `);

/** A stack's lines, and warnings of the engine's own logger (it writes each in two lines). */
const noise = /^\s+at |^\s+\.\.\. |\.JulLog warn$|^WARNING: |^\s*$/;

/** Keeps the one line of what Java writes to stderr that tells most: the last that speaks of an error, else the last. */
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

const waitUntilItAnswers = async (endpoint: string, signal: AbortSignal): Promise<void> => {
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
 * own, so that a Ctrl-C in the terminal reaches it only when whoever started it is done with it.
 * @throws Error with one line, Java's own last words included, where it ends early or does not answer in time.
 */
export const startDynamoDbLocal = async (options: DynamoDbLocalOptions): Promise<DynamoDbLocal> => {
  const { java, dbPath, onSpawn, signal: cancelled, startTimeoutMs: startTimeoutMs = 20_000 } = options;
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
    const abort = () => reject(startSignal.reason);
    startSignal.addEventListener('abort', abort, { once: true });
    void ended.then((why) => reject(new Error(why)));
  });
  try {
    const waitUntilReady = async () => {
      const port = await readPort(child);
      const endpoint = `http://127.0.0.1:${port}`;
      await waitUntilItAnswers(endpoint, startSignal);
      return { port, endpoint };
    };
    const address = await Promise.race([waitUntilReady(), failed]);
    return { pid: child.pid as number, ...address, ended, stop: () => stop() };
  } catch (error) {
    const hasEnded = !isRunning();
    if (hasEnded) await ended;
    await stop(2_000);
    cancelled?.throwIfAborted();
    const late = `it did not answer within ${startTimeoutMs / 1000} s`;
    const why = hasEnded ? await ended : [timedOut.aborted ? late : (error as Error).message, reason()];
    throw new Error(`DynamoDB Local does not start: ${[why].flat().filter(Boolean).join(': ')}`);
  }
};
