import { parseArgs } from 'node:util';
import { startServer } from './server.ts';
import { stateFolder } from './state.ts';

const readArguments = (): { inMemory: boolean } => {
  try {
    const { values } = parseArgs({ options: { 'in-memory': { type: 'boolean', default: false } } });
    return { inMemory: values['in-memory'] };
  } catch (error) {
    const [reason = ''] = (error as Error).message.split(/\. |\n/);
    throw new Error(`${reason}. Usage: npm start -- [--in-memory]`);
  }
};

const readPort = (text = '3030'): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Error(`PORT is ${JSON.stringify(text)}, but it must be a number from 0 to 65535`);
};

const firstLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];

const fail = (error: unknown) => {
  console.error(firstLine(error));
  process.exitCode = 1;
};

const isAbortOf = (signal: AbortSignal, error: unknown) =>
  signal.aborted && (error === signal.reason || (error as Error).name === 'AbortError');

/**
 * Calls back when the parent process has ended. Needed because npm runs a script in a shell: npm sends its signal to
 * the shell, and the shell does not forward it.
 */
const onParentExit = (callback: () => void): void => {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && callback(), 100).unref();
};

/** Serves until a signal arrives, the parent process ends, or DynamoDB Local ends. */
const main = async (): Promise<void> => {
  const stopping = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(undefined));
  });
  const stop = () => {
    if (!stopping.signal.aborted) console.log('stopping');
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  onParentExit(stop);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  try {
    const { inMemory } = readArguments();
    const port = readPort(process.env.PORT || undefined);
    const server = await startServer({ port, folder: stateFolder(), inMemory, signal: stopping.signal });
    console.log(`api-key: ${server.apiKey}`);
    console.log(`ready at ${server.url}`);
    const dynamoDbEnded = await Promise.race([server.dynamoDbEnded, stopped]);
    await server.stop();
    if (dynamoDbEnded !== undefined) throw new Error(`DynamoDB Local ended: ${dynamoDbEnded}`);
  } catch (error) {
    if (!isAbortOf(stopping.signal, error)) fail(error);
  }
};

await main();
process.exit();
