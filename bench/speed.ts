import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { bundle } from '../infra/bundle.ts';
import { keys } from '../lib/channels/keys.ts';
import { type Operation, operations } from '../lib/manifest/operations.ts';
import { contextOf } from '../local/function-context.ts';
import { loadHandler } from '../local/load-functions.ts';
import { fill, idOf } from './seed-namespace.ts';
import { startMeasuredService } from './measured-service.ts';

/**
 * Machines are noisy, so what is told are ratios: of two things done one after the other, many times, the median. How
 * long a function takes until it is ready, by an empty one and by one that is nothing but the SDK; and a warm get by the
 * read of its item.
 */

const rows: readonly Operation[] = operations;
const bare = { empty: 'bench/functions/empty.ts', sdk: 'bench/functions/bare-get.ts' };
/** Invocations that one warm ratio is of. */
const calls = 100;

const median = (values: number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;

const startOf = (handler: string, assets: readonly string[] = []): number => {
  const file = join(bundle(handler, assets).folder, 'index.js');
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--eval', `require(${JSON.stringify(file)})`]);
  if (status !== 0) throw new Error(`${handler} can't be loaded: ${stderr}`);
  return performance.now() - before;
};

const measureStarts = (pairs: number): void => {
  console.log('| ready | bytes | ÷ an empty function | ÷ the SDK alone |\n| --- | --- | --- | --- |');
  for (const { name, handler, assets } of [
    { name: 'the SDK alone', handler: bare.sdk, assets: [] },
    ...rows,
  ]) {
    const starts = Array.from({ length: pairs }, () => ({
      empty: startOf(bare.empty),
      sdk: startOf(bare.sdk),
      own: startOf(handler, assets),
    }));
    const [byEmpty, bySdk] = (['empty', 'sdk'] as const).map((by) =>
      median(starts.map((each) => each.own / each[by])).toFixed(2),
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

const timeOf = async (invoke: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  for (let call = 0; call < calls; call++) await invoke();
  return performance.now() - before;
};

const measureGet = async (pairs: number, newKey: (namespace: string) => Promise<string>): Promise<void> => {
  const namespace = 'speed';
  await fill(namespace, 25);
  const [id, key] = [idOf(0), await newKey(namespace)];
  const read = await loadHandler<Handler<object, unknown>>(bare.sdk);
  const get =
    await loadHandler<Handler<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>>(
      'functions/get-channel.ts',
    );
  const context = contextOf('bench', 'bench', 60 * 60 * 1000);
  const once = {
    read: () => read(keys.channel(namespace, id), context),
    get: () => get(eventOf(id, key), context),
  };
  const { statusCode } = await once.get();
  if (statusCode !== 200) throw new Error(`The get is answered with ${statusCode}.`);
  await timeOf(once.read);
  await timeOf(once.get);
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const before = await timeOf(once.read);
    ratios.push((await timeOf(once.get)) / before);
  }
  console.log(`\nA warm get takes ${median(ratios).toFixed(2)} times what the read of its item does.`);
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
