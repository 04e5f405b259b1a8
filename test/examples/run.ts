/**
 * Tries the examples in Python against a server of their own. Needs Python 3.10 or later.
 * Words name the examples to try: `npm run test:examples -- dlt-source`. Without words, all are tried.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { airbyteSource } from './airbyte-source.ts';
import { tryCopy } from './copies.ts';
import { dltSource } from './dlt-source.ts';
import { tryErpConnector } from './erp-connector.ts';
import { type ExampleServer, startExampleServer } from './example-server.ts';

const examples: Record<string, (server: ExampleServer, name: string, folder: string) => Promise<void>> = {
  'erp-connector': tryErpConnector,
  'dlt-source': (server, name, folder) => tryCopy(server, dltSource, name, folder),
  'airbyte-source': (server, name, folder) => tryCopy(server, airbyteSource, name, folder),
};

const names = process.argv.slice(2);
for (const name of names)
  assert.ok(name in examples, `${name} is none of the examples: ${Object.keys(examples).join(', ')}`);
const chosen = Object.entries(examples).filter(([name]) => names.length === 0 || names.includes(name));

const secondsSince = (start: number) => `${Math.round((performance.now() - start) / 1000)} s`;

const start = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'examples-'));
const server = await startExampleServer();
try {
  for (const [name, tryExample] of chosen) {
    const exampleStart = performance.now();
    await tryExample(server, name, mkdtempSync(join(folder, `${name}-`)));
    console.log(`${name}: ok (${secondsSince(exampleStart)})`);
  }
  console.log(`All of it took ${secondsSince(start)}.`);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
