import { timingSafeEqual } from 'node:crypto';
import { ApiError } from '../api-error.ts';
import type { Table } from '../dynamodb/table.ts';
import { hashSecret, parseApiKey, type Scope } from './api-key.ts';
import { findCachedApiKey } from './api-key-cache.ts';
import type { ApiKeyRecord } from './api-key-store.ts';

/** Who sent a request, and in which namespace it acts. */
export interface Caller {
  keyId: string;
  /** The one namespace that the request can read and write. */
  namespace: string;
  /** All namespaces that the key holds. */
  namespaces: string[];
}

/** A caller, with what the API key itself says. */
export interface AuthenticatedCaller extends Caller {
  key: ApiKeyRecord;
}

type Headers = Record<string, string | undefined>;

/** The same error for every problem with a key, so that nobody learns anything by trying keys. */
const unauthenticated = () =>
  new ApiError(
    'unauthenticated',
    'A valid API key is needed, in the header "api-key" or as "Authorization: Bearer <key>".',
  );

const keyFromHeaders = (headers: Headers): string => {
  const plain = headers['api-key'];
  const bearer = headers.authorization && (/^Bearer +(\S+)$/i.exec(headers.authorization)?.[1] ?? '');
  if (plain !== undefined && bearer !== undefined && plain !== bearer) throw unauthenticated();
  return plain ?? bearer ?? '';
};

const isActive = ({ expiresAt, revokedAt }: ApiKeyRecord) =>
  revokedAt === undefined && (expiresAt === undefined || Date.now() < expiresAt);

/**
 * Authenticates a request by its headers. Caches keys for a minute.
 * @param scope the scope that the key needs; `any` needs none
 * @throws ApiError `unauthenticated` if the key is missing, unknown, revoked, expired or of another environment, or if
 * the headers contain two different keys; `forbidden` if the key lacks the scope, or does not hold the namespace in
 * `x-company-namespace`.
 */
export const authenticate = async (
  headers: Headers,
  scope: Scope | 'any',
  environment: string,
  apiKeys: Table,
): Promise<AuthenticatedCaller> => {
  const key = parseApiKey(keyFromHeaders(headers));
  if (!key || key.environment !== environment) throw unauthenticated();
  const record = await findCachedApiKey(apiKeys, key.id);
  if (!record || !timingSafeEqual(hashSecret(key.secret), Buffer.from(record.secretHash, 'hex')))
    throw unauthenticated();
  if (!isActive(record)) throw unauthenticated();

  if (scope !== 'any' && !record.scopes.includes(scope))
    throw new ApiError('forbidden', `This API key lacks the scope "${scope}".`);
  const namespace = headers['x-company-namespace'] ?? (record.namespaces[0] as string);
  if (!record.namespaces.includes(namespace))
    throw new ApiError('forbidden', 'This API key does not hold the namespace in "x-company-namespace".');
  return { keyId: record.id, namespace, namespaces: record.namespaces, key: record };
};
