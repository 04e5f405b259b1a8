import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createApiKey, formatApiKey } from '../lib/auth/api-key.ts';
import { saveApiKey } from '../lib/auth/api-key-store.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { apiKeysTable, channelsTable, historyTable, projectionsTable } from '../lib/manifest/tables.ts';
import { createTables } from '../local/create-tables.ts';
import { startDynamoDbLocal } from '../local/dynamodb-local.ts';
import { sdkEnvironment } from '../local/environment.ts';
import { startGateway } from '../local/gateway.ts';
import { findJava } from '../local/java.ts';
import { loadRoutes } from '../local/load-functions.ts';

export const tables = {
  channels: 'channels',
  projections: 'projections',
  history: 'history',
  apiKeys: 'api-keys',
};

export interface MeasuredService {
  url: string;
  newKey(namespace: string): Promise<string>;
  cursorSecret: string;
  /** The response to a request with a JSON body. */
  send(key: string, method: string, path: string, body?: object): Promise<Response>;
  /** The response to `GET /client-channel?<query>`, with the capacity that it consumed. */
  list(key: string, query: string): Promise<{ status: number; body: ListBody; cost: string }>;
  stop(): Promise<void>;
}

interface ListBody {
  data: { _id: string }[];
  pagination: { total: number; next_cursor?: string };
  code?: string;
}

/**
 * Starts the service on a DynamoDB Local of its own, in memory. The channels table has no stream, because nothing
 * consumes it here.
 */
export const startMeasuredService = async (): Promise<MeasuredService> => {
  const cursorSecret = 'c0'.repeat(32);
  const dynamoDb = await startDynamoDbLocal({ java: await findJava(), owner: 'bench' });
  Object.assign(process.env, sdkEnvironment, {
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
    ENVIRONMENT: 'bench',
    CHANNELS_TABLE: tables.channels,
    PROJECTIONS_TABLE: tables.projections,
    HISTORY_TABLE: tables.history,
    API_KEYS_TABLE: tables.apiKeys,
    CURSOR_SECRET: cursorSecret,
  });
  await createTables(new DynamoDBClient({}), {
    [tables.channels]: { ...channelsTable, stream: false },
    [tables.projections]: projectionsTable,
    [tables.history]: historyTable,
    [tables.apiKeys]: apiKeysTable,
  });
  const signal = AbortSignal.timeout(60 * 60 * 1000);
  const apiKeys = new Table({ client: connect(), meter: new Meter(), signal }, tables.apiKeys);
  const gateway = await startGateway({ routes: await loadRoutes(), port: 0 });
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    url,
    cursorSecret,
    send: (key, method, path, body) =>
      fetch(url + path, {
        method,
        headers: { 'api-key': key, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      }),
    newKey: async (namespace) => {
      const key = createApiKey('bench');
      await saveApiKey(apiKeys, key, {
        namespaces: [namespace],
        scopes: ['channels:read', 'channels:write'],
      });
      return formatApiKey(key);
    },
    list: async (key, query) => {
      const response = await fetch(`${url}/client-channel?${query}`, {
        headers: { 'api-key': key },
      });
      return {
        status: response.status,
        body: (await response.json()) as ListBody,
        cost: response.headers.get('x-consumed-capacity') ?? '',
      };
    },
    stop: async () => {
      await gateway.close();
      await dynamoDb.stop();
    },
  };
};
