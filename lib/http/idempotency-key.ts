import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { ApiError } from '../api-error.ts';
import type { Idempotency } from '../channels/store.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), together with the body. Two bodies are the same if
 * they are equal as JSON. A schema must have accepted the body before.
 * @throws ApiError `invalid_request` unless the key has 1 to 255 printable ASCII characters
 */
export const readIdempotencyKey = (header: string | undefined, body: unknown): Idempotency | undefined => {
  if (header === undefined) return undefined;
  if (!/^[\x20-\x7e]{1,255}$/.test(header))
    throw new ApiError('invalid_request', '"Idempotency-Key" must be 1 to 255 printable ASCII characters.');
  return { keyHash: sha256(header), fingerprint: sha256(canonicalize(body) as string) };
};
