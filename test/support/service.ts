import { randomUUID } from 'node:crypto';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createApiKey, formatApiKey, type Scope } from '../../lib/auth/api-key.ts';
import { saveApiKey } from '../../lib/auth/api-key-store.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { apiKeysTable, channelsTable, historyTable, projectionsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import { type BusEvent, eventsRoute, startEventBus } from '../../local/event-bus.ts';
import { startGateway } from '../../local/gateway.ts';
import { loadRoutes } from '../../local/load-functions.ts';
import { type RunningStreamConsumers, startStreamConsumers } from '../../local/start-stream-consumers.ts';
import type { DynamoDbProxy } from './dynamodb-proxy.ts';
import { enterSharedDynamoDb } from './shared-dynamodb.ts';

/** A whole response, as the client gets it. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read any response
  body: any;
}

export interface Call {
  key?: string;
  headers?: Record<string, string>;
  /** It is sent as JSON, unless it is text or bytes already. */
  body?: unknown;
}

export interface Grant {
  name?: string;
  namespaces: string[];
  scopes?: Scope[];
  expiresAt?: number;
}

export interface Service {
  url: string;
  environment: string;
  /** The tables of the service. */
  channels: Table;
  projections: Table;
  history: Table;
  apiKeys: Table;
  newKey(grant: Grant): Promise<string>;
  /** All events that `publish-events` has published, oldest first. */
  events: readonly BusEvent[];
  /** The stream mappings of the consumers that run. */
  mappings: RunningStreamConsumers['mappings'];
  /** Sends one request over HTTP: `call('GET /client-channel', { key })`. */
  call(route: string, call?: Call): Promise<Reply>;
  stop(): Promise<void>;
}

const encode = (body: unknown): string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array
    ? (body as string | Uint8Array<ArrayBuffer>)
    : JSON.stringify(body);

const parse = (text: string) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** Sends one request, and reads the whole response. */
export const send = async (url: string, route: string, { key, headers, body }: Call = {}): Promise<Reply> => {
  const [method = '', path = ''] = route.split(/ (.*)/s);
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key !== undefined && { 'api-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: encode(body) }),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: parse(await response.text()),
  };
};

export interface ServiceOptions {
  /** A proxy between the service and DynamoDB Local. */
  proxy?: DynamoDbProxy;
  /** Names of the stream consumers to run, as in `lib/manifest/stream-consumers.ts`. */
  consumers?: string[];
}

/**
 * Starts the service on tables of its own in the shared DynamoDB Local. Functions read their environment when they are imported, so call
 * this before.
 */
export const startService = async ({ proxy, consumers = [] }: ServiceOptions = {}): Promise<Service> => {
  const environment = 'test';
  const endpoint = enterSharedDynamoDb();
  if (proxy) process.env.AWS_ENDPOINT_URL_DYNAMODB = await proxy.start(endpoint);
  const suffix = randomUUID();
  const names = {
    channels: `channels-${suffix}`,
    projections: `projections-${suffix}`,
    history: `history-${suffix}`,
    apiKeys: `api-keys-${suffix}`,
  };
  const administration = new DynamoDBClient({ endpoint });
  await createTables(administration, {
    [names.channels]: channelsTable,
    [names.projections]: projectionsTable,
    [names.history]: historyTable,
    [names.apiKeys]: apiKeysTable,
  });
  const events: BusEvent[] = [];
  const bus = await startEventBus({ name: 'test', onEvent: (event) => events.push(event) });
  Object.assign(process.env, {
    ENVIRONMENT: environment,
    CHANNELS_TABLE: names.channels,
    PROJECTIONS_TABLE: names.projections,
    HISTORY_TABLE: names.history,
    API_KEYS_TABLE: names.apiKeys,
    CURSOR_SECRET: 'c0'.repeat(32),
    EVENT_BUS: 'test',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
  });
  const client = connect();
  // A long run of random histories must not run out of time, so nothing ends these calls.
  const { signal } = new AbortController();
  const open = (name: string) => new Table({ client, meter: new Meter(), signal }, name);
  const apiKeys = open(names.apiKeys);
  const gateway = await startGateway({ routes: [...(await loadRoutes()), eventsRoute(bus)], port: 0 });
  const running = await startStreamConsumers(
    streamConsumers.filter(({ name }) => consumers.includes(name)),
    { tableName: names.channels },
  );
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    url,
    environment,
    events,
    mappings: running.mappings,
    channels: open(names.channels),
    projections: open(names.projections),
    history: open(names.history),
    apiKeys,
    newKey: async (grant) => {
      const key = createApiKey(environment);
      await saveApiKey(apiKeys, key, { scopes: ['channels:read', 'channels:write'], ...grant });
      return formatApiKey(key);
    },
    call: (route, call) => send(url, route, call),
    stop: async () => {
      await Promise.all([gateway.close(), running.stop()]);
      await bus.stop();
      // The engine runs on. Its memory is for the files to come.
      for (const TableName of Object.values(names))
        await administration.send(new DeleteTableCommand({ TableName }));
      proxy?.close();
    },
  };
};
