import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { beginGeneration } from '../../lib/projections/change-log/log-head.ts';
import { eventually } from '../support/eventually.ts';
import { useService } from '../support/use-service.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'client');
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

const service = useService({ namespaces: ['company1'], consumers: ['publish-events'] });
/** An empty project that installs the package from its tarball. */
let folder: string;
let packed: { filename: string; files: { path: string }[] };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'client-'));
  const pack = ['pack', '-w', 'client', '--json', '--pack-destination', folder];
  [packed] = JSON.parse((await run('npm', pack, { cwd: root })).stdout);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  // From the folders of this project: npm's cache may not have these packages.
  const dependencies = ['csv-parse', 'csv-stringify'].map((name) => join(root, 'node_modules', name));
  await run('npm', ['install', '--offline', '--no-audit', packed.filename, ...dependencies], { cwd: folder });
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the package has the compiled client with its types, its command line, its README and the license of the project, and nothing else', () => {
  const modulesIn = (directory: string, recursive: boolean) =>
    readdirSync(directory, { recursive, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const compiled = [
    ...modulesIn(source, false).flatMap((name) =>
      ['.d.ts', '.js'].map((end) => `dist/${name.replace('.ts', end)}`),
    ),
    ...modulesIn(join(source, 'command-line'), true).map(
      (name) => `dist/command-line/${name.replace('.ts', '.js')}`,
    ),
  ];
  const paths = packed.files.map(({ path }) => path);
  expect(paths.sort()).toEqual(['LICENSE', 'README.md', 'package.json', ...compiled].sort());
  const license = readFileSync(join(root, 'LICENSE'), 'utf8');
  expect(readFileSync(join(source, 'LICENSE'), 'utf8')).toBe(license);
});

const user = `
import { type ChangeRow, type Channel, ChannelsClient, ChannelsError, type UpsertRow } from 'client-channels-client';

const channels = new ChannelsClient({ url: 'http://localhost:3030', key: '' });
export const first = async (): Promise<Channel | undefined> => (await channels.list({ sort: '-name' })).data[0];
// @ts-expect-error only fields of a channel are sorted by
export const unsorted = () => channels.list({ sort: 'nmae' });
export const failedRows = async (rows: AsyncIterable<UpsertRow>) => {
  const failed: UpsertRow[] = [];
  for await (const { row, result } of channels.upsertAll(rows)) if (result === 'failed') failed.push(row);
  return failed;
};
// @ts-expect-error a row needs a key
export const withoutKey = () => channels.upsert([{ name: 'Retail' }]);
// @ts-expect-error only two paths can be matched
export const byName = () => channels.upsertAll([], { match: 'name' });
export const deletedIds = async (position?: string) => {
  const ids: string[] = [];
  for await (const { changes } of channels.changes({ position }))
    for (const change of changes) if (change.type === 'delete') ids.push(change._id);
  return ids;
};
// @ts-expect-error a deletion has no channel
export const channelOf = (change: ChangeRow) => change.channel;
export const isNotFound = (error: unknown) => error instanceof ChannelsError && error.code === 'not_found';
`;
const onNode = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types'), '--lib', 'es2023'];
test.each([
  { resolution: 'nodenext', module: 'nodenext', platform: onNode },
  { resolution: 'bundler', module: 'esnext', platform: ['--lib', 'es2023,dom'] },
])('a TypeScript project gets the types with the module resolution $resolution', ({
  resolution,
  module,
  platform,
}) => {
  writeFileSync(join(folder, 'user.ts'), user);
  const options = ['--noEmit', '--strict', '--module', module, '--moduleResolution', resolution, ...platform];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, 'user.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

test('npx client-channels runs the command line of the package, which explains itself and exports the channels', async () => {
  const key = await service.newKey({ namespaces: ['by-npx'] });
  const { body } = await service.call('POST /client-channel', { key, body: { name: 'By npx' } });
  const env = { PATH: process.env.PATH, HOME: folder, CHANNELS_KEY: key };
  const npx = (...args: string[]) =>
    run('npx', ['--no-install', 'client-channels', ...args], { cwd: folder, env });

  expect((await npx('--help')).stdout).toMatch(/^Usage: client-channels <command> …\n/);
  const { stdout } = await npx('export', '--url', service.url);

  expect(stdout).toBe(`${JSON.stringify(body.data)}\n`);
});

const readme = readFileSync(join(source, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js\n(.*?)```\n\n```\n(.*?)```/gs)];
const changesExample = examples.map(([, code]) => code).find((code) => code?.includes('.changes('));
const readCopy = () => JSON.parse(readFileSync(join(folder, 'copy.json'), 'utf8'));
const runExample = async (example = '', key = service.key) => {
  writeFileSync(join(folder, 'example.mjs'), example);
  const { stdout } = await run(process.execPath, ['example.mjs'], {
    cwd: folder,
    env: { PATH: process.env.PATH, URL: service.url, KEY: key },
  });
  return stdout;
};

test('each example of client/README.md runs on plain Node.js, and prints the output that the README shows', async () => {
  expect(examples).toHaveLength(4);
  for (const [, example, expectedOutput] of examples) expect(await runExample(example)).toBe(expectedOutput);
});

test('the example of the changes can be run again, and brings updates and deletions into its copy', async () => {
  const create = async (name: string) =>
    (await service.call('POST /client-channel', { body: { name } })).body.data;
  const [updated, deleted] = [await create('Wholesale'), await create('Kiosks')];
  // A change appears a moment after the write.
  await eventually(async () => {
    await runExample(changesExample);
    expect(readCopy().channels).toMatchObject({
      [updated._id]: { channel: updated },
      [deleted._id]: { channel: deleted },
    });
  });

  const route = `PUT /client-channel/${updated._id}`;
  const { body: renamed } = await service.call(route, { body: { name: 'Retail' } });
  await service.call(`DELETE /client-channel/${deleted._id}`);

  await eventually(async () => {
    await runExample(changesExample);
    expect(readCopy().channels[updated._id].channel).toEqual(renamed.data);
    expect(readCopy().channels[deleted._id]).toBe(undefined);
  });
});

test('the example of the changes drops a channel whose deletion is in no log, when the service has begun a new log', async () => {
  const { body } = await service.call('POST /client-channel', { body: { name: 'Hotels' } });
  await eventually(async () => {
    await runExample(changesExample);
    expect(Object.keys(readCopy().channels)).toContain(body.data._id);
  });
  const copy = readCopy();
  const [{ reading }] = Object.values<{ reading: string }>(copy.channels) as [{ reading: string }];
  const withDeleted = { ...copy, channels: { ...copy.channels, deleted: { reading, channel: {} } } };
  writeFileSync(join(folder, 'copy.json'), JSON.stringify(withDeleted));
  await beginGeneration(service.projections, 'company1');

  await runExample(changesExample);

  expect(Object.keys(readCopy().channels)).toEqual(Object.keys(copy.channels));
});

describe('the example of docs/connectors.md that deletes what is gone', () => {
  const page = readFileSync(join(root, 'docs/connectors.md'), 'utf8');
  const [, example = '', expectedOutput] = page.match(/```js\n(.*?)```.*?```\n(.*?)```/s) ?? [];
  const metaOf = (number: number, source: string) => ({ external_id: `${source}:${number}`, source });
  const createChannels = async (namespace: string, metas: object[]) => {
    const key = await service.newKey({ namespaces: [namespace] });
    for (const integration_meta of metas)
      await service.call('POST /client-channel', { key, body: { name: 'Retail', integration_meta } });
    return key;
  };
  const storedMetas = async (key: string): Promise<Set<object>> => {
    const { body } = await service.call('GET /client-channel', { key });
    return new Set(body.data.map(({ integration_meta }: { integration_meta: object }) => integration_meta));
  };

  test('prints what the page shows, and touches no channel of another source', async () => {
    const [kept, gone, foreign] = [metaOf(1001, 'sap'), metaOf(1003, 'sap'), metaOf(7, 'oracle')];
    const key = await createChannels('sync', [kept, gone, foreign, { other: 1 }]);

    expect(await runExample(example, key)).toBe(expectedOutput);

    expect(await storedMetas(key)).toEqual(new Set([kept, foreign, { other: 1 }, metaOf(1002, 'sap')]));
    expect(await runExample(example, key)).toBe('');
  });

  test('deletes nothing if more than half of the channels would go', async () => {
    const old = [1, 2, 3].map((number) => metaOf(number, 'sap'));
    const key = await createChannels('incomplete', old);

    await expect(runExample(example, key)).rejects.toThrow('3 of 5 channels would be deleted');

    expect(await storedMetas(key)).toEqual(new Set([...old, metaOf(1001, 'sap'), metaOf(1002, 'sap')]));
  });
});
