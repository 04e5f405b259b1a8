import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Idempotency } from '../channels/store.ts';
import { ApiError } from '../errors.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), together with the body it stands for: bodies are
 * the same when they are equal as JSON. The body must be one that a schema has accepted.
 * @throws ApiError `invalid_request` for a key that is not 1 to 255 printable ASCII characters.
 */
export const readIdempotencyKey = (header: string | undefined, body: unknown): Idempotency | undefined => {
  if (header === undefined) return undefined;
  if (!/^[\x20-\x7e]{1,255}$/.test(header))
    throw new ApiError('invalid_request', '"Idempotency-Key" must be 1 to 255 printable ASCII characters.');
  return { keyHash: sha256(header), fingerprint: sha256(canonicalize(body) as string) };
};
