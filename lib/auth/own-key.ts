import * as z from 'zod/mini';
import type { AuthenticatedCaller } from './authenticate.ts';

/** What a client can read about its own API key. It has nothing from which the key could be made. */
export const ownKey = z.strictObject({
  key_id: z.string(),
  name: z.string(),
  namespace: z.string(),
  namespaces: z.array(z.string()),
  scopes: z.array(z.string()),
  expires_at: z.nullable(z.string()),
});

export const toOwnKey = ({ namespace, namespaces, key }: AuthenticatedCaller): z.infer<typeof ownKey> => ({
  key_id: key.id,
  name: key.name ?? '',
  namespace,
  namespaces,
  scopes: key.scopes,
  expires_at: key.expiresAt === undefined ? null : new Date(key.expiresAt).toISOString(),
});
