import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { bundle } from '../infra/bundle.ts';
import { keys } from '../lib/channels/keys.ts';
import { type Operation, operations } from '../lib/manifest/operations.ts';
import { contextOf } from '../local/function-context.ts';
import { loadHandler } from '../local/load-functions.ts';
import { startMeasuredService } from './measured-service.ts';
import { idOf, seedNamespace } from './seed-namespace.ts';

/**
 * Prints ratios, because absolute times differ between machines: two things are done one after the other, many times, and
 * the median of their ratios is printed. The first table compares the start of each function with that of an empty one
 * and with that of one that only loads the SDK. The last line compares a warm get with the read of its item.
 */

const rows: readonly Operation[] = operations;
const baselines = { empty: 'bench/functions/empty.ts', sdk: 'bench/functions/bare-get.ts' };
/** Invocations for each ratio of warm calls. */
const calls = 100;

const median = (values: number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;

const startMs = (handler: string, assets: readonly string[] = []): number => {
  const file = join(bundle(handler, assets).folder, 'index.js');
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--eval', `require(${JSON.stringify(file)})`]);
  if (status !== 0) throw new Error(`${handler} can't be loaded: ${stderr}`);
  return performance.now() - before;
};

const measureStarts = (pairs: number): void => {
  console.log('| start of | bytes | ÷ an empty function | ÷ only the SDK |\n| --- | --- | --- | --- |');
  for (const { name, handler, assets } of [
    { name: 'only the SDK', handler: baselines.sdk, assets: [] },
    ...rows,
  ]) {
    const starts = Array.from({ length: pairs }, () => ({
      empty: startMs(baselines.empty),
      sdk: startMs(baselines.sdk),
      measured: startMs(handler, assets),
    }));
    const [byEmpty, bySdk] = (['empty', 'sdk'] as const).map((by) =>
      median(starts.map((each) => each.measured / each[by])).toFixed(2),
    );
    console.log(
      `| ${name} | ${bundle(handler, assets).bytes.toLocaleString('en')} | ${byEmpty} | ${bySdk} |`,
    );
  }
};

type Handler<Event, Result> = (event: Event, context: Context) => Promise<Result>;

const eventOf = (id: string, key: string) =>
  ({
    routeKey: 'GET /client-channel/{id}',
    rawPath: `/client-channel/${id}`,
    rawQueryString: '',
    headers: { 'api-key': key },
    pathParameters: { id },
    requestContext: { requestId: 'bench', http: { method: 'GET', path: `/client-channel/${id}` } },
    isBase64Encoded: false,
  }) as unknown as APIGatewayProxyEventV2;

const timeMs = async (invoke: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  for (let call = 0; call < calls; call++) await invoke();
  return performance.now() - before;
};

const measureGet = async (pairs: number, newKey: (namespace: string) => Promise<string>): Promise<void> => {
  const namespace = 'speed';
  await seedNamespace(namespace, 25);
  const [id, key] = [idOf(0), await newKey(namespace)];
  const read = await loadHandler<Handler<object, unknown>>(baselines.sdk);
  const get =
    await loadHandler<Handler<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>>(
      'functions/get-channel.ts',
    );
  const context = contextOf('bench', 'bench', 60 * 60 * 1000);
  const invoke = {
    read: () => read(keys.channel(namespace, id), context),
    get: () => get(eventOf(id, key), context),
  };
  const { statusCode } = await invoke.get();
  if (statusCode !== 200) throw new Error(`The get answered ${statusCode}.`);
  await timeMs(invoke.read);
  await timeMs(invoke.get);
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const before = await timeMs(invoke.read);
    ratios.push((await timeMs(invoke.get)) / before);
  }
  console.log(`\nA warm get takes ${median(ratios).toFixed(2)} times as long as the read of its item.`);
};

const { values } = parseArgs({ options: { pairs: { type: 'string', default: '30' } } });
const pairs = Number(values.pairs);
const service = await startMeasuredService();
try {
  measureStarts(pairs);
  await measureGet(pairs, service.newKey);
} finally {
  await service.stop();
}
