import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createApiKey, type Scope } from '../../lib/auth/api-key.ts';
import { findApiKey, saveApiKey } from '../../lib/auth/api-key-store.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { ConditionFailed } from '../../lib/dynamodb/failures.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { apiKeysTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import { useDynamoDb } from '../support/test-dynamodb.ts';

let client: DynamoDBDocumentClient;
let table: Table;
let losesResponse = false;

const tableName = `keys-${randomUUID()}`;

useDynamoDb(() => createTables(new DynamoDBClient({}), { [tableName]: apiKeysTable }));

beforeAll(() => {
  client = connect();
  client.middlewareStack.add(
    (next) => async (args) => {
      const response = await next(args);
      if (!losesResponse) return response;
      losesResponse = false;
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    },
    { step: 'deserialize', priority: 'high' },
  );
  table = new Table({ client, meter: new Meter(), signal: AbortSignal.timeout(600_000) }, tableName);
});

const grant = { namespaces: ['a'], scopes: ['channels:read'] as Scope[] };

describe('saving an API key', () => {
  test('succeeds if the response is lost and the SDK repeats the write', async () => {
    const key = createApiKey('test');
    losesResponse = true;
    const saved = await saveApiKey(table, key, grant);
    expect(losesResponse).toBe(false);
    expect(await findApiKey(table, key.id)).toEqual(saved);
  });

  test('fails if another key has the id, and leaves that key unchanged', async () => {
    const key = createApiKey('test');
    const saved = await saveApiKey(table, key, grant);
    const other = { ...createApiKey('test'), id: key.id };
    await expect(saveApiKey(table, other, grant)).rejects.toBeInstanceOf(ConditionFailed);
    expect(await findApiKey(table, key.id)).toEqual(saved);
  });
});
