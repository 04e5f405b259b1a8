import { type ApiKey, createApiKey, formatApiKey, parseApiKey } from '../lib/auth/api-key.ts';
import { findApiKey, type Grant, saveApiKey } from '../lib/auth/api-key-store.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { localEnvironment } from './environment.ts';
import { readSecret, saveSecret } from './state.ts';

const fileName = 'api-key';
const grant: Grant = { namespaces: ['company1'], scopes: ['channels:read', 'channels:write'] };

const readSavedKey = (folder: string): ApiKey | undefined => {
  const key = parseApiKey(readSecret(folder, fileName) ?? '');
  return key?.environment === localEnvironment ? key : undefined;
};

/**
 * Returns the API key that a local server prints. It is the same at every start, so scripts can rely on it. If the
 * table does not have it (a new table in memory, or deleted data), it is stored again. If it was revoked, a new key
 * replaces it.
 * @param folder the state folder
 * @param apiKeysTable name of the table of API keys
 */
export const localApiKey = async (folder: string, apiKeysTable: string): Promise<string> => {
  const client = connect();
  try {
    const table = new Table(
      { client, meter: new Meter(), signal: AbortSignal.timeout(10_000) },
      apiKeysTable,
    );
    const savedKey = readSavedKey(folder);
    const storedRecord = savedKey && (await findApiKey(table, savedKey.id));
    if (savedKey && storedRecord && storedRecord.revokedAt === undefined) return formatApiKey(savedKey);
    const key = savedKey && !storedRecord ? savedKey : createApiKey(localEnvironment);
    saveSecret(folder, fileName, formatApiKey(key));
    await saveApiKey(table, key, grant);
    return formatApiKey(key);
  } finally {
    client.destroy();
  }
};
