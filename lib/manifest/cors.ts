import { operations } from './operations.ts';

/**
 * What scripts of an allowed origin may do in a browser (CORS). The deployment and the local gateway read this. Browsers
 * allow some simple headers in addition.
 */
export const cors = {
  methods: [...new Set(operations.flatMap(({ methods }) => methods))],
  /** Headers of the contract that scripts may send. */
  requestHeaders: [
    'api-key',
    'authorization',
    'content-type',
    'x-company-namespace',
    'if-match',
    'if-none-match',
    'idempotency-key',
    'x-request-id',
  ],
  /** Headers of the contract that scripts may read. */
  responseHeaders: [
    'ETag',
    'Location',
    'Link',
    'Retry-After',
    'x-request-id',
    'Idempotency-Replayed',
    'x-consumed-capacity',
  ],
  /** How long a browser may keep the response to a preflight request. */
  maxAgeSeconds: 3_600,
};

/** The allowed origins on one machine and in the environment dev: where the usual tools serve a page under development. */
export const developmentOrigins = ['http://localhost:3000', 'http://localhost:5173'];
