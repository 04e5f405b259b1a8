import { parseArgs } from 'node:util';
import { ChannelsClient, type UpsertRow } from '../client/index.ts';
import { runCommand } from '../commands/run-command.ts';
import { startMeasuredService } from './measured-service.ts';
import { median } from './median.ts';

/**
 * Measures how the client brings rows into a new namespace: twice with `upsertAll`, and with one creation for each row. A
 * busy machine makes all of them slower, so the times are ratios within one round. Calls and read units are DynamoDB's own.
 */

interface Measure {
  seconds: number;
  requests: number;
  calls: number;
  readUnits: number;
  /** DynamoDB Local reports the same number for every transaction. So only 0 says something. */
  writeUnits: number;
}

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    name: `Retail Channel ${String(n).padStart(5, '0')}`,
    integration_meta: { external_id: `ch_${n}` },
  })) satisfies UpsertRow[];

/** Runs work with a client, and adds up what its requests consumed. */
const measure = async (
  url: string,
  key: string,
  work: (client: ChannelsClient) => Promise<void>,
): Promise<Measure> => {
  const sum = { requests: 0, calls: 0, readUnits: 0, writeUnits: 0 };
  const meter: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    const header = response.headers.get('x-consumed-capacity') ?? '';
    const [calls = 0, rcu = 0, wcu = 0] = [...header.matchAll(/=([\d.]+)/g)].map(([, value]) =>
      Number(value),
    );
    sum.requests++;
    sum.calls += calls;
    sum.readUnits += rcu;
    sum.writeUnits += wcu;
    return response;
  };
  const client = new ChannelsClient({ url, key, fetch: meter });
  // The first request of a key also pays for its look-up.
  await client.me();
  Object.assign(sum, { requests: 0, calls: 0, readUnits: 0, writeUnits: 0 });
  const start = performance.now();
  await work(client);
  return { ...sum, seconds: (performance.now() - start) / 1_000 };
};

const upsert =
  (rows: UpsertRow[], expected: 'created' | 'unchanged') =>
  async (client: ChannelsClient): Promise<void> => {
    for await (const { index, result, error } of client.upsertAll(rows))
      if (result !== expected) throw new Error(`Row ${index} is ${result}. ${error ?? ''}`);
  };

const createEach =
  (rows: ReturnType<typeof rowsOf>, atOnce: number) =>
  async (client: ChannelsClient): Promise<void> => {
    const left = rows.values();
    const worker = async () => {
      for (const row of left) await client.create(row);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  };

await runCommand(async () => {
  const { values } = parseArgs({
    options: { rows: { type: 'string', default: '2000' }, rounds: { type: 'string', default: '3' } },
  });
  const rows = rowsOf(Number(values.rows));
  const rounds = Number(values.rounds);
  const service = await startMeasuredService();
  try {
    const measures = new Map<string, Measure[]>();
    const run = async (name: string, key: string, work: (client: ChannelsClient) => Promise<void>) =>
      measures.set(name, [...(measures.get(name) ?? []), await measure(service.url, key, work)]);
    for (let round = 0; round < rounds; round++) {
      const key = await service.newKey(`upsert-${round}`);
      await run('`upsertAll`, all rows are new', key, upsert(rows, 'created'));
      await run('`upsertAll` again, no row has changed', key, upsert(rows, 'unchanged'));
      await run('`create`, one after the other', await service.newKey(`one-${round}`), createEach(rows, 1));
      await run('`create`, 8 at a time', await service.newKey(`eight-${round}`), createEach(rows, 8));
    }
    const seconds = [...measures].map(([, each]) => each.map((one) => one.seconds));
    const baseline = seconds[2] as number[];
    const heads = ['rows', 'requests', 'calls', 'read units', 'writes', 'seconds', '÷ single creations'];
    const table = [...measures].map(([name, each], index) => {
      const { requests, calls, readUnits, writeUnits } = each[0] as Measure;
      const own = seconds[index] as number[];
      const ratio = median(own.map((time, round) => time / (baseline[round] as number)));
      const counts = [requests, calls, readUnits].map((count) => count.toLocaleString('en'));
      return [name, ...counts, writeUnits ? 'yes' : 'none', median(own).toFixed(1), ratio.toFixed(2)];
    });
    console.log(`${rows.length} rows, medians of ${rounds} rounds.\n`);
    for (const cells of [heads, heads.map(() => '---'), ...table]) console.log(`| ${cells.join(' | ')} |`);
  } finally {
    await service.stop();
  }
});
