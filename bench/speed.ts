import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { runCommand } from '../commands/run-command.ts';
import { bundle, nodeMajor } from '../infra/bundle.ts';
import { type Operation, type OperationName, operations } from '../lib/manifest/operations.ts';
import { functionEnvironment } from '../local/environment.ts';
import { median } from './median.ts';
import { cursorSecret, eventOf, keysOfGet } from './sample-data.ts';
import { startStub } from './stub-dynamodb.ts';
import type { WarmSample, WarmSamples } from './warm-calls.ts';

/**
 * Measures the CPU time of functions, and prints ratios to an empty function and to a function that has only the SDK. A
 * busy machine hardly changes these ratios: CPU time does not grow while a process waits, each round measures every
 * function once, a ratio compares two processes of the same round, and the median of all rounds is printed.
 *
 * Cold starts use the bundles that are deployed. Warm calls use the source. Instead of DynamoDB, a stub answers over HTTP.
 */

const rows: readonly (Operation & { name: OperationName })[] = operations;

interface ColdStart {
  statusCode: number;
  /** CPU time from the start of the process, in milliseconds. */
  readyMs: number;
  answeredMs: number;
}

interface Measured {
  name: string;
  bytes: number;
  start(): Promise<ColdStart>;
  /** One for each round. */
  starts: ColdStart[];
}

type Run = <Result>(args: string[]) => Promise<Result>;

/** Runs Node with these arguments, and parses the last line of its output. */
const runnerFor = (endpoint: string): Run => {
  const env = {
    ...functionEnvironment(endpoint, endpoint, cursorSecret, 'http://localhost:3030'),
    LOG_REQUESTS: 'on',
  };
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  return async (args) => {
    const options = { env, cwd, maxBuffer: Number.POSITIVE_INFINITY };
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  };
};

const toMeasured = (
  run: Run,
  name: string,
  handler: string,
  event: object,
  assets?: readonly string[],
): Measured => {
  const { folder, bytes } = bundle(handler, assets);
  const args = ['bench/cold-start.cjs', join(folder, 'index.js'), JSON.stringify(event)];
  const start = async () => {
    const coldStart = await run<ColdStart>(args);
    if (coldStart.statusCode >= 300) throw new Error(`${name} answered ${coldStart.statusCode}.`);
    return coldStart;
  };
  return { name, bytes, start, starts: [] };
};

const printTable = (heads: string[], rows: string[][]): void =>
  console.log([heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'));

const measureStarts = async (run: Run, rounds: number): Promise<void> => {
  const empty = toMeasured(run, 'an empty function', 'bench/functions/empty.ts', {});
  const sdk = toMeasured(run, 'only the SDK', 'bench/functions/bare-get.ts', keysOfGet);
  const functions = rows.map(({ name, handler, assets }) =>
    toMeasured(run, name, handler, eventOf(name), assets),
  );
  const all = [empty, sdk, ...functions];
  for (let round = 0; round < rounds; round++) {
    const first = round % all.length;
    for (const { start, starts } of [...all.slice(first), ...all.slice(0, first)]) starts.push(await start());
  }
  const ratio = (time: 'readyMs' | 'answeredMs', each: Measured, baseline: Measured): string => {
    const ratios = each.starts.map(
      (start, round) => start[time] / (baseline.starts[round]?.[time] ?? Number.NaN),
    );
    return median(ratios).toFixed(2);
  };
  printTable(
    ['function', 'bytes', 'ready ÷ an empty function', 'ready ÷ only the SDK', 'first answer ÷ only the SDK'],
    all.map((each) => [
      each.name,
      each.bytes.toLocaleString('en'),
      ratio('readyMs', each, empty),
      ratio('readyMs', each, sdk),
      ratio('answeredMs', each, sdk),
    ]),
  );
};

/** The compiler of V8 optimises each process differently, so that the samples come from several processes. */
const warmProcesses = 10;

const measureWarmCalls = async (run: Run, rounds: number): Promise<void> => {
  const samples = new Map<string, WarmSample[]>();
  const args = ['--import', 'tsx', 'bench/warm-calls.ts', String(Math.ceil(rounds / warmProcesses))];
  for (let count = 0; count < warmProcesses; count++)
    for (const each of await run<WarmSamples>(args))
      samples.set(each.name, [...(samples.get(each.name) ?? []), ...each.samples]);
  printTable(
    ['warm call', '÷ its SDK call', 'own share, µs'],
    [...samples].map(([name, ofFunction]) => [
      name,
      median(ofFunction.map(({ whole, sdk }) => whole / sdk)).toFixed(2),
      median(ofFunction.map(({ whole, sdk }) => whole - sdk)).toFixed(0),
    ]),
  );
};

await runCommand(async () => {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' } } });
  const { node } = process.versions;
  if (Number.parseInt(node, 10) !== nodeMajor)
    throw new Error(
      `This is Node ${node}, but functions are deployed on Node ${nodeMajor}: only its figures count.`,
    );
  const rounds = Number(values.rounds);
  const stub = await startStub();
  const run = runnerFor(stub.endpoint);
  try {
    console.log(`Node ${node}, CPU time, medians of ${rounds} rounds.\n`);
    await measureStarts(run, rounds);
    console.log();
    await measureWarmCalls(run, rounds);
  } finally {
    stub.stop();
  }
});
