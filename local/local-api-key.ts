import { findApiKey, type Grant, saveApiKey } from '../lib/auth/api-key-store.ts';
import { type ApiKey, createApiKey, formatApiKey, parseApiKey } from '../lib/auth/api-key.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { localEnvironment } from './environment.ts';
import { saveSecret, readSecret } from './state.ts';

const fileName = 'api-key';
const grant: Grant = { namespaces: ['company1'], scopes: ['channels:read', 'channels:write'] };

const readSavedKey = (folder: string): ApiKey | undefined => {
  const key = parseApiKey(readSecret(folder, fileName) ?? '');
  return key?.environment === localEnvironment ? key : undefined;
};

/**
 * The key that a local server prints, the same at every start, so that it may stand in a script. It is stored anew
 * where the table has not got it (in memory, or after its data were deleted), and replaced where it was revoked.
 */
export const localApiKey = async (folder: string, accessKeysTable: string): Promise<string> => {
  const client = connect();
  try {
    const table = new Table(client, accessKeysTable, new Meter(), AbortSignal.timeout(10_000));
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
