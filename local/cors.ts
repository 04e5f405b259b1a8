import { cors } from '../lib/manifest/cors.ts';
import type { GatewayResponse } from './gateway-response.ts';

type Headers = GatewayResponse['headers'];

/** The header that allows scripts of an origin to read a response. None if the origin is not allowed. */
const allowOrigin = (origin: string | undefined, allowedOrigins: readonly string[]): Headers =>
  origin !== undefined && allowedOrigins.includes(origin)
    ? [
        ['access-control-allow-origin', origin],
        ['vary', 'origin'],
      ]
    : [];

/** The headers that API Gateway adds to the response of a function. None if the origin is not allowed. */
export const corsHeaders = (origin: string | undefined, allowedOrigins: readonly string[]): Headers => {
  const allowed = allowOrigin(origin, allowedOrigins);
  return allowed.length
    ? [...allowed, ['access-control-expose-headers', cors.responseHeaders.join()]]
    : allowed;
};

/**
 * API Gateway's response to a preflight request: 204, whatever the path, and without a function. It allows nothing if the
 * origin is not allowed.
 */
export const preflightResponse = (
  origin: string | undefined,
  allowedOrigins: readonly string[],
): GatewayResponse => {
  const allowed = allowOrigin(origin, allowedOrigins);
  if (allowed.length)
    allowed.push(
      ['access-control-allow-methods', cors.methods.join()],
      ['access-control-allow-headers', cors.requestHeaders.join()],
      ['access-control-max-age', `${cors.maxAgeSeconds}`],
    );
  return { status: 204, headers: allowed, body: Buffer.alloc(0) };
};
