import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ApiError } from '../api-error.ts';
import { errorHeaders, errorStatuses } from './error-statuses.ts';

/** The response of an operation: a status, the contents of the envelope, and headers of its own. */
export interface ApiResponse {
  status: 200 | 201 | 304;
  headers?: Record<string, string>;
  /** Absent if the response has no body. */
  body?: object;
}

const json = { 'Content-Type': 'application/json' };

/**
 * Caches must not store a tenant's data, browsers must not guess the content type, and clients must use TLS (OWASP REST
 * Security Cheat Sheet).
 */
const securityHeaders = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
};

/**
 * The headers of every response. Most responses depend on `Accept-Encoding` (see `compress`), so that all of them say so.
 * @param consumed the value of `x-consumed-capacity`; absent if no table was touched */
export const commonHeaders = (requestId: string, consumed: string | undefined): Record<string, string> => ({
  ...securityHeaders,
  Vary: 'Accept-Encoding',
  'x-request-id': requestId,
  ...(consumed !== undefined && { 'x-consumed-capacity': consumed }),
});

export const toGatewayResponse = (
  { status, headers, body }: ApiResponse,
  common: Record<string, string>,
): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { ...common, ...(body && json), ...headers },
  ...(body && { body: JSON.stringify({ success: true, ...body }) }),
});

/** The response to an error. The client gets the message of an ApiError, and a general message for any other error. */
export const toErrorResponse = (
  error: unknown,
  requestId: string,
  common: Record<string, string>,
): APIGatewayProxyStructuredResultV2 => {
  const known = error instanceof ApiError ? error : undefined;
  return {
    statusCode: known ? errorStatuses[known.code] : 500,
    headers: { ...common, ...json, ...(known && errorHeaders[known.code]) },
    body: JSON.stringify({
      success: false,
      error: known?.message ?? 'Something went wrong on our side.',
      code: known?.code ?? 'internal_error',
      details: known?.details,
      request_id: requestId,
    }),
  };
};
