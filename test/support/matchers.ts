import { expect } from '@jest/globals';

/** Values that a test cannot know beforehand are matched by their format. */
export const anId = expect.stringMatching(/^[0-9a-f]{24}$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const text = expect.stringMatching(/.+/);

/** The headers of every response. */
const commonHeaders = {
  'cache-control': 'no-store',
  connection: text,
  date: text,
  'keep-alive': text,
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  vary: 'Accept-Encoding',
  'x-content-type-options': 'nosniff',
  'x-request-id': text,
};

/** A whole response that succeeds. It has exactly these headers, in addition to those of every response. */
export const success = (status: number, data: unknown, headers: Record<string, unknown> = {}) => ({
  status,
  headers: {
    ...commonHeaders,
    'content-length': text,
    'content-type': 'application/json',
    'x-consumed-capacity': expect.stringMatching(/^calls=\d+; rcu=[\d.]+; wcu=[\d.]+$/),
    ...headers,
  },
  body: { success: true, data },
});

/** A whole response without a body. */
export const notModified = (headers: Record<string, unknown>) => ({
  status: 304,
  headers: { ...commonHeaders, 'x-consumed-capacity': text, ...headers },
  body: '',
});

/** The whole body of an error. Tests of the message or the details pass these. */
export const errorBody = (code: string, error: unknown = text, details?: object[]) => ({
  success: false,
  error,
  code,
  ...(details && { details }),
  request_id: text,
});

/**
 * A whole response that fails. It may have more headers, which depend on the step at which the request failed.
 * @param error the message. Without it, the body may also have details.
 */
export const failure = (
  status: number,
  code: string,
  error?: unknown,
  details?: object[],
  headers: Record<string, unknown> = {},
) => ({
  status,
  headers: expect.objectContaining({ ...commonHeaders, 'content-type': 'application/json', ...headers }),
  body: error === undefined ? expect.objectContaining(errorBody(code)) : errorBody(code, error, details),
});
