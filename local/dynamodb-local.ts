import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { engineEnvironment } from './environment.ts';

export interface EngineOptions {
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
  patience?: number;
}

export interface Engine {
  pid: number;
  port: number;
  endpoint: string;
  /** Settles when the process has ended, with one line that tells why, as far as that is known. */
  ended: Promise<string>;
  /** Lets the engine answer what it has begun and close its files; resolves when it has ended. */
  stop(): Promise<void>;
}

const assembly = fileURLToPath(new URL('./dynamodb-local.xml', import.meta.url));
const emulator = join(
  dirname(createRequire(import.meta.url).resolve('amplify-dynamodb-simulator/package.json')),
  'emulator',
);
const libraries = join(emulator, 'DynamoDBLocal_lib');

const commandOf = ({ dbPath, owner }: EngineOptions): string[] => [
  '-Xshare:auto',
  '-XX:+UseSerialGC',
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
  `-Djava.library.path=${libraries}`,
  '-Dorg.eclipse.jetty.LEVEL=WARN',
  '-Dorg.eclipse.jetty.util.log.announce=false',
  '-cp',
  [join(emulator, 'DynamoDBLocal.jar'), join(libraries, '*')].join(delimiter),
  'org.eclipse.jetty.xml.XmlConfiguration',
  assembly,
  `owner=${owner}`,
  ...(dbPath === undefined ? ['inMemory=true'] : ['inMemory=false', `dbPath=${dbPath}`]),
];

/** Whether a command line is that of an engine which `owner` started. */
export const isEngineOf = (owner: string, command: string): boolean =>
  command.includes('engine.xml') && `${command} `.includes(` owner=${owner} `);

/** A stack's lines, and warnings of the engine's own logger (it writes each in two lines). */
const tellsNothing = /^\s+at |^\s+\.\.\. |\.JulLog warn$|^WARNING: |^\s*$/;

/** Keeps the one line of what Java writes to stderr that tells most: the last that speaks of an error, else the last. */
const listenForReason = (child: ChildProcess) => {
  let last = '';
  let lastError = '';
  if (child.stderr)
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (tellsNothing.test(line)) return;
      last = line.trim();
      if (/exception|error/i.test(line)) lastError = last;
    });
  return () => lastError || last;
};

const portOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => {
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [, port] = /^port=(\d+)$/.exec(line) ?? [];
        if (port) resolve(Number(port));
      });
  });

const waitForAnswer = async (endpoint: string, signal: AbortSignal): Promise<void> => {
  const client = new DynamoDBClient({
    endpoint,
    region: engineEnvironment.AWS_REGION,
    credentials: {
      accessKeyId: engineEnvironment.AWS_ACCESS_KEY_ID,
      secretAccessKey: engineEnvironment.AWS_SECRET_ACCESS_KEY,
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
export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  const { java, dbPath, onSpawn, signal: cancelled, patience = 20_000 } = options;
  cancelled?.throwIfAborted();
  if (dbPath !== undefined) mkdirSync(dbPath, { recursive: true });
  const child = spawn(java, commandOf(options), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DDB_LOCAL_TELEMETRY: '0' },
  });
  const reason = listenForReason(child);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(reason() || `it ended with ${signal ?? `code ${code}`}`));
  });

  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const endWithUs = () => void child.kill('SIGTERM');
  process.once('exit', endWithUs);
  void ended.then(() => process.off('exit', endWithUs));
  if (child.pid !== undefined) onSpawn?.(child.pid);

  const stop = async (gently = 10_000) => {
    if (!isRunning()) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const lastResort = setTimeout(() => child.kill('SIGKILL'), gently);
    await exited;
    clearTimeout(lastResort);
  };

  const tooLate = AbortSignal.timeout(patience);
  const waiting = AbortSignal.any([tooLate, ...(cancelled ? [cancelled] : [])]);
  const givenUp = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(waiting.reason);
    waiting.addEventListener('abort', giveUp, { once: true });
    void ended.then((why) => reject(new Error(why)));
  });
  try {
    const answering = async () => {
      const port = await portOf(child);
      const endpoint = `http://127.0.0.1:${port}`;
      await waitForAnswer(endpoint, waiting);
      return { port, endpoint };
    };
    const found = await Promise.race([answering(), givenUp]);
    return { pid: child.pid as number, ...found, ended, stop: () => stop() };
  } catch (error) {
    const endedByItself = !isRunning();
    if (endedByItself) await ended;
    await stop(2_000);
    cancelled?.throwIfAborted();
    const late = `it did not answer within ${patience / 1000} s`;
    const why = endedByItself ? await ended : [tooLate.aborted ? late : (error as Error).message, reason()];
    throw new Error(`DynamoDB Local does not start: ${[why].flat().filter(Boolean).join(': ')}`);
  }
};
