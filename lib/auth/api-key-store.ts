import { ConditionFailed } from '../dynamodb/failures.ts';
import type { Table } from '../dynamodb/table.ts';
import { type ApiKey, hashSecret, type Scope } from './api-key.ts';

/** An API key as the table stores it. The record is enough to check a key, but nobody can make the key from it. */
export interface ApiKeyRecord {
  id: string;
  /** SHA-256 of the secret, in hex. */
  secretHash: string;
  /** The last four characters of the secret. Its owner recognises the key by them. */
  lastFour: string;
  /** What the operators call the key, to tell it from others. Absent if they gave it no name. */
  name?: string;
  /** The company namespaces that the key may act in. The first is the default. */
  namespaces: string[];
  scopes: Scope[];
  /** All times are in milliseconds since the epoch. */
  createdAt: number;
  expiresAt?: number;
  revokedAt?: number;
}

export type Grant = Pick<ApiKeyRecord, 'name' | 'namespaces' | 'scopes' | 'expiresAt'>;

/**
 * Stores a new key: the hash of its secret, and its name, namespaces, scopes and expiry.
 * @throws ConditionFailed if another key has this id.
 */
export const saveApiKey = async (table: Table, key: ApiKey, grant: Grant): Promise<ApiKeyRecord> => {
  const record: ApiKeyRecord = {
    id: key.id,
    secretHash: hashSecret(key.secret).toString('hex'),
    lastFour: key.secret.slice(-4),
    ...grant,
    createdAt: Date.now(),
  };
  try {
    await table.put({
      Item: record,
      ConditionExpression: 'attribute_not_exists(id)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  } catch (error) {
    // If the response to a write is lost, the SDK repeats the write, and its condition fails on our own record. Nobody
    // else knows the secret, so an equal hash proves that the record is ours.
    const isOwn = error instanceof ConditionFailed && error.item?.secretHash === record.secretHash;
    if (!isOwn) throw error;
  }
  return record;
};

export const findApiKey = async (table: Table, id: string): Promise<ApiKeyRecord | undefined> =>
  (await table.get({ id })) as ApiKeyRecord | undefined;

/** Lists all API keys, oldest first. Includes revoked and expired ones. */
export const listApiKeys = async (table: Table): Promise<ApiKeyRecord[]> => {
  const keys: ApiKeyRecord[] = [];
  for await (const item of table.scan()) keys.push(item as unknown as ApiKeyRecord);
  return keys.sort((a, b) => a.createdAt - b.createdAt);
};

/**
 * Revokes a key for good. A key that is already revoked keeps its first date. Functions that have cached the key may
 * accept it for another minute.
 * @throws ConditionFailed if there is no such key.
 */
export const revokeApiKey = async (table: Table, id: string): Promise<void> => {
  await table.update({
    Key: { id },
    UpdateExpression: 'SET revokedAt = if_not_exists(revokedAt, :now)',
    ConditionExpression: 'attribute_exists(id)',
    ExpressionAttributeValues: { ':now': Date.now() },
  });
};
