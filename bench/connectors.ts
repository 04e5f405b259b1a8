import { parseArgs } from 'node:util';
import { sealChangeCursor } from '../lib/changes/change-cursor.ts';
import { connect } from '../lib/dynamodb/client.ts';
import type { Change } from '../lib/dynamodb/stream-record.ts';
import { readHead } from '../lib/projections/change-log/log-head.ts';
import { numberChanges } from '../lib/projections/change-log/number-changes.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';
import { type MeasuredService, startMeasuredService, tables } from './measured-service.ts';
import { channelOf, idOf, seedChannels } from './seed-namespace.ts';

/** A measured request: its name in the table, and the request. */
type Row = [name: string, method: string, path: string, body?: object];

const hundred = Array.from({ length: 100 }, (_, ordinal) => ordinal);
const keysOf = (first: number) => hundred.map((ordinal) => `ch_${first + ordinal}`);
const listOf = (ids: string[]) =>
  `/client-channel?per_page=100&integration_meta.external_id=${encodeURIComponent(JSON.stringify(ids))}`;
const upsert = (rows: object[], more: object = {}): [string, string, object] => [
  'POST',
  '/client-channel/upsert',
  { channels: rows, ...more },
];
const rows = (first: number, fields: object) =>
  keysOf(first).map((external_id) => ({ ...fields, integration_meta: { external_id } }));

const requests: Row[] = [
  ['look-up by one external id', 'GET', listOf(['ch_5'])],
  ['look-up by 100 external ids', 'GET', listOf(keysOf(0))],
  [
    'create with one external key',
    'POST',
    '/client-channel',
    { name: 'N', integration_meta: { external_id: 'n1' } },
  ],
  [
    'create with two external keys',
    'POST',
    '/client-channel',
    { name: 'N', integration_meta: { external_id: 'n2', id: 'n2' } },
  ],
  ['upsert of 100 unchanged rows', ...upsert(rows(0, {}))],
  ['upsert of 100 rows, dry run', ...upsert(rows(0, { name: 'New' }), { dry_run: true })],
  [
    'upsert of 100 rows that change metadata',
    ...upsert(rows(0, {}).map((row) => ({ integration_meta: { ...row.integration_meta, seen: 1 } }))),
  ],
  ['upsert of 100 rows that rename', ...upsert(rows(0, { name: 'New' }))],
  ['upsert of 100 new rows', ...upsert(rows(1e9, { name: 'New' }))],
  ['upsert of 100 deletions', ...upsert(rows(200, { delete: true }))],
];

const costOf = async (response: Response): Promise<string> => {
  const { data, success } = (await response.json()) as {
    success: boolean;
    data: { result?: string; code?: string }[];
  };
  const failed = success
    ? [data].flat().find(({ result }) => result === 'failed')
    : { code: `status ${response.status}` };
  if (failed) return failed.code as string;
  const [, calls, units] =
    /^calls=(\d+); rcu=([\d.]+);/.exec(response.headers.get('x-consumed-capacity') ?? '') ?? [];
  return `${calls}: ${units}`;
};

/** Numbers changes of 100 channels, as `publish-events` does, and makes the cursors before and after them. */
const makeCursors = async ({ cursorSecret }: MeasuredService, namespace: string, size: number) => {
  const { projections } = openChannelTables(connect(), tables, AbortSignal.timeout(60_000));
  const { generation } = await readHead(projections, namespace);
  const changes = hundred.map((ordinal): Change => {
    const channel = channelOf(namespace, 300 + ordinal, size);
    return { pk: `NS#${namespace}`, sk: channel._id, before: undefined, after: { ...channel } };
  });
  await numberChanges(projections, changes);
  return [0, 100].map((number) =>
    sealChangeCursor(
      { phase: 'log', generation, number, lastId: '', beganAt: 0, completedAt: 0, time: Date.now() },
      namespace,
      { current: cursorSecret },
    ),
  ) as [string, string];
};

const measure = async (service: MeasuredService, size: number): Promise<Map<string, string>> => {
  const namespace = `of-${size}`;
  await seedChannels(namespace, size);
  const key = await service.newKey(namespace);
  // The first request also pays for the lookup of the API key.
  await service.send(key, 'GET', `/client-channel/${idOf(0)}`);
  const [before, after] = await makeCursors(service, namespace, size);
  const changes = '/client-channel/changes';
  const all: Row[] = [
    ['changes: 100 channels', 'GET', `${changes}?cursor=${before}`],
    ['changes: nothing new', 'GET', `${changes}?cursor=${after}`],
    ['changes: the first 100 channels of a first reading', 'GET', changes],
    ...requests,
  ];
  const costs = new Map<string, string>();
  for (const [name, ...request] of all) costs.set(name, await costOf(await service.send(key, ...request)));
  return costs;
};

const { values } = parseArgs({
  options: { size: { type: 'string', multiple: true, default: ['1000', '100000'] } },
});
const sizes = values.size.map(Number);
const service = await startMeasuredService();
try {
  const measured: Map<string, string>[] = [];
  for (const size of sizes) measured.push(await measure(service, size));
  const heads = ['request', ...sizes.map((size) => `${size.toLocaleString('en')} channels`)];
  const table = [heads, heads.map(() => '---')];
  for (const name of measured[0]?.keys() ?? [])
    table.push([name, ...measured.map((one) => one.get(name) ?? '')]);
  for (const cells of table) console.log(`| ${cells.join(' | ')} |`);
} finally {
  await service.stop();
}
