import { ConditionFailed } from '../dynamodb/failures.ts';
import type { Table } from '../dynamodb/table.ts';
import { type ApiKey, hashSecret, type Scope } from './api-key.ts';

/** What the table knows of a key: enough to check one, too little to make one. */
export interface ApiKeyRecord {
  id: string;
  /** SHA-256 of the secret, in hex. */
  secretHash: string;
  /** The last four characters of the secret, by which its holder knows it again. */
  lastFour: string;
  /** The company namespaces it may act in, the one it acts in by default first. */
  namespaces: string[];
  scopes: Scope[];
  /** All times in milliseconds since the epoch. */
  createdAt: number;
  expiresAt?: number;
  revokedAt?: number;
}

export type Grant = Pick<ApiKeyRecord, 'namespaces' | 'scopes' | 'expiresAt'>;

/**
 * Stores what a key is allowed, with the hash of its secret.
 * @throws ConditionFailed where another key has this id.
 */
export const saveApiKey = async (table: Table, key: ApiKey, grant: Grant): Promise<ApiKeyRecord> => {
  const accessKey: ApiKeyRecord = {
    id: key.id,
    secretHash: hashSecret(key.secret).toString('hex'),
    lastFour: key.secret.slice(-4),
    ...grant,
    createdAt: Date.now(),
  };
  try {
    await table.put({
      Item: accessKey,
      ConditionExpression: 'attribute_not_exists(id)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  } catch (error) {
    // The SDK repeats a write whose answer was lost; the repetition then meets the key itself, which nobody else can know.
    const isOwn = error instanceof ConditionFailed && error.item?.secretHash === accessKey.secretHash;
    if (!isOwn) throw error;
  }
  return accessKey;
};

export const findApiKey = async (table: Table, id: string): Promise<ApiKeyRecord | undefined> =>
  (await table.get({ id })) as ApiKeyRecord | undefined;

/** All keys, revoked and expired ones included, oldest first. */
export const listApiKeys = async (table: Table): Promise<ApiKeyRecord[]> => {
  const keys: ApiKeyRecord[] = [];
  for await (const item of table.scan()) keys.push(item as unknown as ApiKeyRecord);
  return keys.sort((a, b) => a.createdAt - b.createdAt);
};

/**
 * Ends a key's life, for good; a key revoked before keeps its first date. Functions that have seen the key valid may
 * accept it for another minute.
 * @throws ConditionFailed where there is no such key.
 */
export const revokeApiKey = async (table: Table, id: string): Promise<void> => {
  await table.update({
    Key: { id },
    UpdateExpression: 'SET revokedAt = if_not_exists(revokedAt, :now)',
    ConditionExpression: 'attribute_exists(id)',
    ExpressionAttributeValues: { ':now': Date.now() },
  });
};
