import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EventBridgeEvent } from 'aws-lambda';
import { createTables } from '../../local/create-tables.ts';
import { engineEnvironment, enterEnvironment } from '../../local/environment.ts';
import { findRunningServer, readSecret, stateFolder } from '../../local/state.ts';
import type { ChannelChange } from './copy-consumer.ts';

/** The namespace of the key that the local server prints. */
const namespace = 'company1';
const folder = stateFolder();
const server = findRunningServer(folder);
if (!server) throw new Error('No local server is running: start one with "npm start".');
const api = `http://localhost:${server.port}`;

enterEnvironment({
  ...engineEnvironment,
  AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${server.enginePort}`,
  COPY_TABLE: 'copy-of-company1',
});
await createTables(new DynamoDBClient(), {
  'copy-of-company1': { partitionKey: 'namespace', sortKey: 'id', stream: false },
});

const { handler } = await import('./copy-consumer.ts');
const { fillCopy } = await import('./backfill.ts');
await fillCopy(api, readSecret(folder, 'api-key') ?? '', namespace);
console.log(`following ${namespace}`);

/** Plays EventBridge: hands over each event of the namespace, those again that it can't tell from new ones. */
const seen = new Set<string>();
for (;;) {
  const response = await fetch(`${api}/_local/events`);
  const { data } = (await response.json()) as { data: EventBridgeEvent<string, ChannelChange>[] };
  for (const event of data) {
    if (event.detail.namespace !== namespace || seen.has(event.id)) continue;
    seen.add(event.id);
    if (!(await handler(event))) continue;
    const { channel, previous, version } = event.detail;
    console.log(`${channel ? 'kept' : 'gone'} ${(channel ?? previous)?._id} at version ${version}`);
  }
  await pause(250);
}
