import type { ErrorCode } from '../api-error.ts';

/** The status of each error code. */
export const errorStatuses: Record<ErrorCode, number> = {
  invalid_request: 400,
  invalid_json: 400,
  invalid_cursor: 400,
  cursor_mismatch: 400,
  page_too_deep: 400,
  page_too_large: 400,
  query_too_broad: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  cursor_expired: 410,
  conflict: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  too_many_requests: 429,
  unavailable: 503,
};

/** The headers that responses with an error code carry in addition to the common ones. */
export const errorHeaders: Partial<Record<ErrorCode, Record<string, string>>> = {
  unauthenticated: { 'WWW-Authenticate': 'Bearer realm="client-channels"' },
  too_many_requests: { 'Retry-After': '1' },
  unavailable: { 'Retry-After': '2' },
};
