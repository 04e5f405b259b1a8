import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EventBridgeEvent } from 'aws-lambda';
import { createTables } from '../../local/create-tables.ts';
import { enterEnvironment, sdkEnvironment } from '../../local/environment.ts';
import { findRunningServer, readSecret, stateFolder } from '../../local/state.ts';
import type { ChannelChange } from './copy-consumer.ts';

/** The namespace of the API key that the local server prints. */
const namespace = 'company1';
const folder = stateFolder();
const server = findRunningServer(folder);
if (!server) throw new Error('No local server is running: start one with "npm start".');
const api = `http://localhost:${server.port}`;

enterEnvironment({
  ...sdkEnvironment,
  AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${server.dynamoDbPort}`,
  COPY_TABLE: 'copy-of-company1',
});
await createTables(new DynamoDBClient(), {
  'copy-of-company1': { partitionKey: 'namespace', sortKey: 'id', stream: false },
});

const { handler } = await import('./copy-consumer.ts');
const { backfill } = await import('./backfill.ts');
await backfill(api, readSecret(folder, 'api-key') ?? '', namespace);
console.log(`following ${namespace}`);

/** Stands in for EventBridge: hands each event of the namespace to the consumer once. */
const seen = new Set<string>();
for (;;) {
  const response = await fetch(`${api}/_local/events`);
  const { data } = (await response.json()) as { data: EventBridgeEvent<string, ChannelChange>[] };
  for (const event of data) {
    if (event.detail.namespace !== namespace || seen.has(event.id)) continue;
    seen.add(event.id);
    if (!(await handler(event))) continue;
    const { channel, previous, version } = event.detail;
    console.log(`${channel ? 'put' : 'deleted'} ${(channel ?? previous)?._id} at version ${version}`);
  }
  await pause(250);
}
