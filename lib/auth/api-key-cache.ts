import type { Table } from '../dynamodb/table.ts';
import { type ApiKeyRecord, findApiKey } from './api-key-store.ts';

/** How long a function caches a key. Every function rejects a revoked key after this time. */
const cacheTtlMs = 60_000;
/** Limits the memory that a client can fill by guessing key ids. */
const maxCachedKeys = 1_000;

interface CachedLookup {
  record: ApiKeyRecord | undefined;
  /** By `performance.now()`: a clock that is set back must not keep a revoked key valid. */
  readAt: number;
}

const cache = new Map<string, CachedLookup>();
const inFlight = new Map<string, Promise<CachedLookup>>();

const lookUpKey = async (table: Table, id: string): Promise<CachedLookup> => {
  const readAt = performance.now();
  const lookup = { record: await findApiKey(table, id), readAt };
  cache.delete(id);
  if (cache.size >= maxCachedKeys) cache.delete(cache.keys().next().value as string);
  cache.set(id, lookup);
  return lookup;
};

/**
 * Looks a key up, in the cache first. Concurrent requests with the same key share one read. If the shared read fails
 * (the first request may run out of time), each other request reads the key itself.
 */
export const findCachedApiKey = async (table: Table, id: string): Promise<ApiKeyRecord | undefined> => {
  const cached = cache.get(id);
  if (cached && performance.now() - cached.readAt < cacheTtlMs) return cached.record;
  const other = inFlight.get(id);
  const shared = other && (await other.catch(() => undefined));
  if (shared) return shared.record;
  const own = lookUpKey(table, id);
  inFlight.set(id, own);
  try {
    return (await own).record;
  } finally {
    inFlight.delete(id);
  }
};
