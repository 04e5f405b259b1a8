import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { saveApiKey } from '../lib/auth/api-key-store.ts';
import { createApiKey, formatApiKey } from '../lib/auth/api-key.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { apiKeysTable, channelsTable, projectionsTable } from '../lib/manifest/tables.ts';
import { createTables } from '../local/create-tables.ts';
import { startEngine } from '../local/dynamodb-local.ts';
import { engineEnvironment } from '../local/environment.ts';
import { startGateway } from '../local/gateway.ts';
import { findJava } from '../local/java.ts';
import { loadRoutes } from '../local/load-functions.ts';

export const tables = { channels: 'channels', directory: 'directory' };

export interface MeasuredService {
  newKey(namespace: string): Promise<string>;
  /** The answer to `GET /client-channel?<query>`, and what it consumed. */
  list(key: string, query: string): Promise<{ status: number; body: Listed; cost: string }>;
  stop(): Promise<void>;
}

interface Listed {
  data: { _id: string }[];
  pagination: { total: number; next_cursor?: string };
  code?: string;
}

/**
 * The service on an engine of its own, in memory. Its table has no stream: nobody follows it here, and DynamoDB Local gets
 * slower with every record that one keeps.
 */
export const startMeasuredService = async (): Promise<MeasuredService> => {
  const engine = await startEngine({ java: await findJava(), owner: 'bench' });
  Object.assign(process.env, engineEnvironment, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    ENVIRONMENT: 'bench',
    CHANNELS_TABLE: tables.channels,
    DIRECTORY_TABLE: tables.directory,
    ACCESS_KEYS_TABLE: 'access-keys',
    CURSOR_SECRET: 'c0'.repeat(32),
  });
  await createTables(new DynamoDBClient({}), {
    [tables.channels]: { ...channelsTable, stream: false },
    [tables.directory]: projectionsTable,
    'access-keys': apiKeysTable,
  });
  const accessKeys = new Table(connect(), 'access-keys', new Meter(), AbortSignal.timeout(60 * 60 * 1000));
  const gateway = await startGateway({ routes: await loadRoutes(), port: 0 });
  return {
    newKey: async (namespace) => {
      const key = createApiKey('bench');
      await saveApiKey(accessKeys, key, { namespaces: [namespace], scopes: ['channels:read'] });
      return formatApiKey(key);
    },
    list: async (key, query) => {
      const response = await fetch(`http://127.0.0.1:${gateway.port}/client-channel?${query}`, {
        headers: { 'api-key': key },
      });
      return {
        status: response.status,
        body: (await response.json()) as Listed,
        cost: response.headers.get('x-consumed-capacity') ?? '',
      };
    },
    stop: async () => {
      await gateway.close();
      await engine.stop();
    },
  };
};
