import { timingSafeEqual } from 'node:crypto';
import type { Table } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type ApiKeyRecord, findApiKey } from './api-key-store.ts';
import { hashSecret, parseApiKey, type Scope } from './api-key.ts';

/** Who asks, and where the request acts. */
export interface Caller {
  keyId: string;
  /** The one namespace that the request sees. */
  namespace: string;
  /** All namespaces that the key holds. */
  namespaces: string[];
}

type Headers = Record<string, string | undefined>;

/** How long a function trusts what it read of a key, in milliseconds: a revoked key is refused everywhere after that. */
const cacheTtlMs = 60_000;
/** Bounds what a guesser of key ids can make a function remember. */
const maxCachedKeys = 1_000;

interface CachedLookup {
  accessKey: ApiKeyRecord | undefined;
  readAt: number;
}

const cache = new Map<string, CachedLookup>();
const inFlight = new Map<string, Promise<CachedLookup>>();

const lookUpKey = async (table: Table, id: string): Promise<CachedLookup> => {
  const readAt = Date.now();
  const lookup = { accessKey: await findApiKey(table, id), readAt };
  cache.delete(id);
  if (cache.size >= maxCachedKeys) cache.delete(cache.keys().next().value as string);
  cache.set(id, lookup);
  return lookup;
};

/**
 * What is known of a key. Requests that come while it is being looked up wait for that; where it fails, by the first
 * one's time running out perhaps, each looks for itself.
 */
const cachedLookup = async (table: Table, id: string): Promise<ApiKeyRecord | undefined> => {
  const known = cache.get(id);
  if (known && Date.now() - known.readAt < cacheTtlMs) return known.accessKey;
  const others = inFlight.get(id);
  const shared = others && (await others.catch(() => undefined));
  if (shared) return shared.accessKey;
  const own = lookUpKey(table, id);
  inFlight.set(id, own);
  try {
    return (await own).accessKey;
  } finally {
    inFlight.delete(id);
  }
};

/** One answer whatever is wrong with a key, so that nothing can be learnt by trying. */
const unauthenticated = () =>
  new ApiError(
    'unauthenticated',
    'A valid API key is needed, in the header "api-key" or as "Authorization: Bearer <key>".',
  );

const sentKey = (headers: Headers): string => {
  const plain = headers['api-key'];
  const bearer = headers.authorization && (/^Bearer +(\S+)$/i.exec(headers.authorization)?.[1] ?? '');
  if (plain !== undefined && bearer !== undefined && plain !== bearer) throw unauthenticated();
  return plain ?? bearer ?? '';
};

const isActive = ({ expiresAt, revokedAt }: ApiKeyRecord) =>
  revokedAt === undefined && (expiresAt === undefined || Date.now() < expiresAt);

/**
 * Tells who sent a request, from its headers. What is read of a key is remembered for a minute.
 * @throws ApiError `unauthenticated` for no key, two that differ, or one that is unknown, revoked, expired or of another
 * environment; `forbidden` where the scope is not the key's, or `x-company-namespace` names a namespace it does not hold.
 */
export const authenticate = async (
  headers: Headers,
  scope: Scope,
  environment: string,
  accessKeys: Table,
): Promise<Caller> => {
  const key = parseApiKey(sentKey(headers));
  if (!key || key.environment !== environment) throw unauthenticated();
  const accessKey = await cachedLookup(accessKeys, key.id);
  if (!accessKey || !timingSafeEqual(hashSecret(key.secret), Buffer.from(accessKey.secretHash, 'hex')))
    throw unauthenticated();
  if (!isActive(accessKey)) throw unauthenticated();

  if (!accessKey.scopes.includes(scope))
    throw new ApiError('forbidden', `This API key lacks the scope "${scope}".`);
  const namespace = headers['x-company-namespace'] ?? (accessKey.namespaces[0] as string);
  if (!accessKey.namespaces.includes(namespace))
    throw new ApiError('forbidden', 'This API key does not hold the namespace in "x-company-namespace".');
  return { keyId: accessKey.id, namespace, namespaces: accessKey.namespaces };
};
