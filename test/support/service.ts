import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { saveApiKey } from '../../lib/auth/api-key-store.ts';
import { createApiKey, formatApiKey, type Scope } from '../../lib/auth/api-key.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { apiKeysTable, channelsTable, projectionsTable } from '../../lib/manifest/tables.ts';
import { type RunningStreamConsumers, startStreamConsumers } from '../../local/start-stream-consumers.ts';
import { createTables } from '../../local/create-tables.ts';
import { type EventBus, eventsRoute, startEventBus } from '../../local/event-bus.ts';
import { startGateway } from '../../local/gateway.ts';
import { loadRoutes } from '../../local/load-functions.ts';
import { startTestDynamoDb } from './test-dynamodb.ts';

/** A whole answer, as its client sees it. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was answered
  body: any;
}

export interface Call {
  key?: string;
  headers?: Record<string, string>;
  /** Sent as JSON, unless it is text or bytes already. */
  body?: unknown;
}

export interface Grant {
  namespaces: string[];
  scopes?: Scope[];
  expiresAt?: number;
}

export interface Service {
  url: string;
  environment: string;
  /** The tables, as the service itself sees them. */
  channels: Table;
  projections: Table;
  apiKeys: Table;
  newKey(grant: Grant): Promise<string>;
  /** What has been published, where `publish-events` is among the consumers. */
  events: EventBus['events'];
  /** What the stream feeds, of the consumers that were asked for. */
  mappings: RunningStreamConsumers['mappings'];
  /** `call('GET /client-channel', …)`: one request over HTTP. */
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

/** Sends one request, and reads its answer whole. */
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

/**
 * The service of one test file: the handlers, behind the local gateway, on an engine of their own. Functions read their
 * environment when they are loaded, so this must be called before any of them is imported.
 * @param lineTo puts something between the service and the engine, and answers where that is reached
 * @param consumerNames the functions on the stream that run too, as `lib/consumers.ts` names them; none as a rule
 */
export const startService = async (
  lineTo?: (engine: string) => Promise<string>,
  consumerNames: string[] = [],
): Promise<Service> => {
  const environment = 'test';
  const engine = await startTestDynamoDb();
  if (lineTo) process.env.AWS_ENDPOINT_URL_DYNAMODB = await lineTo(engine.endpoint);
  const suffix = randomUUID();
  const names = {
    channels: `channels-${suffix}`,
    directory: `directory-${suffix}`,
    accessKeys: `access-keys-${suffix}`,
  };
  await createTables(new DynamoDBClient({}), {
    [names.channels]: channelsTable,
    [names.directory]: projectionsTable,
    [names.accessKeys]: apiKeysTable,
  });
  const bus = await startEventBus({ name: 'test' });
  Object.assign(process.env, {
    ENVIRONMENT: environment,
    CHANNELS_TABLE: names.channels,
    PROJECTIONS_TABLE: names.directory,
    API_KEYS_TABLE: names.accessKeys,
    CURSOR_SECRET: 'c0'.repeat(32),
    EVENT_BUS: 'test',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
  });
  const client = connect();
  const open = (name: string) => new Table({ client, meter: new Meter(), signal: AbortSignal.timeout(600_000) }, name);
  const accessKeys = open(names.accessKeys);
  const gateway = await startGateway({ routes: [...(await loadRoutes()), eventsRoute(bus)], port: 0 });
  const fed = await startStreamConsumers(
    streamConsumers.filter(({ name }) => consumerNames.includes(name)),
    { tableName: names.channels },
  );
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    url,
    environment,
    events: bus.events,
    mappings: fed.mappings,
    channels: open(names.channels),
    projections: open(names.directory),
    apiKeys: accessKeys,
    newKey: async ({ namespaces, scopes = ['channels:read', 'channels:write'], expiresAt }) => {
      const key = createApiKey(environment);
      await saveApiKey(accessKeys, key, {
        namespaces,
        scopes,
        ...(expiresAt !== undefined && { expiresAt }),
      });
      return formatApiKey(key);
    },
    call: (route, call) => send(url, route, call),
    stop: async () => {
      await Promise.all([gateway.close(), fed.stop()]);
      await Promise.all([bus.stop(), engine.stop()]);
    },
  };
};
