/**
 * Generates clients from the description that the server serves, compiles them, and runs them against the server. Each
 * client does what a connector does, and prints a report. All reports must be the same. Needs Go, Java 17, Maven and Python.
 * Words name the clients to try: `npm run test:clients -- go python`. Without words, all are tried.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startStandaloneServer } from '../support/standalone-server.ts';
import { startFutureServer } from './future-server.ts';
import { type GeneratedClient, generatedClients } from './generated-clients.ts';
import { folder, getTools, run } from './tools.ts';

const numbers = [1, 2, 3, 4, 5];
const nameOf = (number: number) => `Channel ${number}`;

const retail = { name: 'Retail', local_name: 'قناة التجزئة', external_id: 'R-1' };
const expectedReport = {
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
};

const createChannels = async (url: string, key: string) => {
  for (const number of numbers) {
    const response = await fetch(`${url}/client-channel`, {
      method: 'POST',
      headers: { 'api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ name: nameOf(number), integration_meta: { external_id: `ERP-${number}` } }),
    });
    assert.equal(response.status, 201);
  }
};

const tryClient = async (client: GeneratedClient, env: Record<string, string>) => {
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
  assert.deepEqual(JSON.parse(lines.at(-1) as string), expectedReport);
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
  await createChannels(url, key);
  for (const client of chosen) {
    const clientStart = performance.now();
    await tryClient(client, { API_URL: endpoint, API_KEY: key });
    console.log(`${client.name}: ok (${secondsSince(clientStart)})`);
  }
  console.log(`All of it took ${secondsSince(start)}.`);
} finally {
  close();
  await stop();
}
