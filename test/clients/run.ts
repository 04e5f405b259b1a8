/**
 * Generates clients from the description that the server serves, compiles them, and runs them against the server. Each
 * client does what a connector does, and prints a report. All reports must be the same. Needs Go, Java 17, Maven and Python.
 * Words name the clients to try: `npm run test:clients -- go python`. Without words, all are tried.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cursorAfter, readToEnd } from '../support/change-feed.ts';
import { eventually } from '../support/eventually.ts';
import { type Call, send } from '../support/service.ts';
import { startStandaloneServer } from '../support/standalone-server.ts';
import { startFutureServer } from './future-server.ts';
import { type GeneratedClient, generatedClients } from './generated-clients.ts';
import { folder, getTools, run } from './tools.ts';

const numbers = [1, 2, 3, 4, 5];
const nameOf = (number: number) => `Channel ${number}`;

const retail = { name: 'Retail', local_name: 'قناة التجزئة', external_id: 'R-1' };
const expectedReport = (goneId: string) => ({
  all: numbers.map(nameOf),
  one_external_id: ['Channel 1'],
  two_external_ids: ['Channel 1', 'Channel 2'],
  sorted: numbers.toReversed().map(nameOf),
  created: { ...retail, name: 'Retail Channel' },
  renamed: retail,
  sent_back: { ...retail, local_name: 'تجزئة' },
  stale: { status: 412, code: 'precondition_failed' },
  refused: { status: 400, code: 'invalid_request', path: 'name' },
  gateway: { status: 431, message: 'Request Header Fields Too Large' },
  deleted: { ...retail, local_name: 'تجزئة' },
  restored: { ...retail, local_name: 'تجزئة' },
  upserted: {
    rows: [
      ['created', 'Upserted', null],
      ['unchanged', null, null],
      ['failed', null, 'invalid_request'],
    ],
    failed: 1,
  },
  removed: { rows: [['deleted', 'Upserted', null]], failed: 0 },
  changes: [
    ['upsert', nameOf(1)],
    ['delete', goneId],
  ],
  history: [
    ['deleted', null],
    ['created', 'Gone'],
  ],
});

/**
 * Creates the channels that the clients read, and changes some of them.
 * @returns a cursor of the changes before that, and the id of a channel that is deleted
 */
const createChannels = async (url: string, key: string) => {
  const call = async (route: string, body?: object) => (await send(url, route, { key, body })).body;
  for (const number of numbers)
    await call('POST /client-channel', {
      name: nameOf(number),
      integration_meta: { external_id: `ERP-${number}` },
    });
  // A change is in the log before its event is published.
  await eventually(async () => assert.equal((await call('GET /_local/events')).data.length, numbers.length));
  const service = { call: (route: string, options?: Call) => send(url, route, options) };
  const cursor = cursorAfter(await readToEnd(service, {}, { key }));

  const [first] = (await call('GET /client-channel?sort=name')).data;
  await call(`PUT /client-channel/${first._id}`, { disabled: true });
  const { _id: goneId } = (await call('POST /client-channel', { name: 'Gone' })).data;
  await call(`DELETE /client-channel/${goneId}`);
  await eventually(async () => {
    const changes = (await call(`GET /client-channel/changes?cursor=${cursor}`)).data;
    const versions = (await call(`GET /client-channel/${goneId}/history`)).data;
    assert.deepEqual([changes.length, versions.length], [2, 2]);
  });
  return { cursor, goneId };
};

const tryClient = async (client: GeneratedClient, goneId: string, env: Record<string, string>) => {
  const cwd = `${folder}/${client.name}`;
  rmSync(cwd, { recursive: true, force: true });
  mkdirSync(cwd);
  await run(client.generate, { cwd });
  for (const [from, to] of Object.entries(client.programs)) {
    mkdirSync(dirname(`${cwd}/${to}`), { recursive: true });
    cpSync(`test/clients/${from}`, `${cwd}/${to}`);
  }
  for (const command of client.compile) await run(command, { cwd });
  const lines = (await run(client.run, { cwd, env })).trim().split('\n');
  assert.deepEqual(JSON.parse(lines.at(-1) as string), expectedReport(goneId));
};

const names = process.argv.slice(2);
const known = generatedClients.map(({ name }) => name);
for (const name of names)
  assert.ok(known.includes(name), `${name} is none of the clients: ${known.join(', ')}`);
const chosen = generatedClients.filter(({ name }) => names.length === 0 || names.includes(name));

const secondsSince = (start: number) => `${Math.round((performance.now() - start) / 1000)} s`;

const start = performance.now();
await getTools();
console.log(`The generators are there (${secondsSince(start)}).`);
const { key, url, stop } = await startStandaloneServer();
const { endpoint, close } = await startFutureServer(url);
try {
  writeFileSync(`${folder}/openapi.json`, await (await fetch(`${url}/openapi.json`)).text());
  const { cursor, goneId } = await createChannels(url, key);
  const env = { API_URL: endpoint, API_KEY: key, CHANGES_CURSOR: cursor, GONE_ID: goneId };
  for (const client of chosen) {
    const clientStart = performance.now();
    await tryClient(client, goneId, env);
    console.log(`${client.name}: ok (${secondsSince(clientStart)})`);
  }
  console.log(`All of it took ${secondsSince(start)}.`);
} finally {
  close();
  await stop();
}
