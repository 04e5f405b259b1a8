import type { ScopedOperation } from '../manifest/operations.ts';
import { ref } from './component-schemas.ts';
import { errorExamples, examples, unknownParameterResponse } from './example-exchanges.ts';
import { commonHeaders, headerReferences, type ResponseHeader } from './header-descriptions.ts';

const errorResponses: Record<number, { description: string; headers?: ResponseHeader[]; gateway?: boolean }> =
  {
    400: {
      description:
        '`invalid_request`, `invalid_json`, `invalid_cursor`, `cursor_mismatch`, `page_too_deep`, `page_too_large`, `query_too_broad`: the request is wrong.',
      gateway: true,
    },
    401: { description: '`unauthenticated`: no valid key.', headers: ['WWW-Authenticate'] },
    403: { description: '`forbidden`: scope or namespace missing.' },
    404: { description: '`not_found`: no such channel here.', gateway: true },
    409: { description: '`conflict`: the channel was written concurrently, and the retries ran out.' },
    412: { description: '`precondition_failed`: changed since (`If-Match`).' },
    413: { description: '`payload_too_large`: a body over 256 KiB.', gateway: true },
    415: { description: '`unsupported_media_type`: not sent as `application/json`.' },
    422: { description: '`idempotency_key_reused`: the same key with another body.' },
    429: { description: '`too_many_requests`: throttled.', headers: ['Retry-After'], gateway: true },
    500: { description: '`internal_error`: a fault of the service.', gateway: true },
    503: { description: '`unavailable`: try again.', headers: ['Retry-After'], gateway: true },
  };

const examplesOf = (operation: ScopedOperation['name'], status: number) => {
  const shown = examples.filter((example) => example.operation === operation && example.status === status);
  if (shown.length)
    return {
      examples: Object.fromEntries(
        shown.map(({ name, summary, response: answer }) => [name, { summary, value: answer }]),
      ),
    };
  return errorExamples[status] && { example: errorExamples[status] };
};

const describeError = (operation: ScopedOperation['name'], status: number) => {
  const { description, headers = [], gateway } = errorResponses[status] as (typeof errorResponses)[number];
  const schema = gateway ? { anyOf: [ref('Error'), ref('GatewayError')] } : ref('Error');
  return {
    description,
    headers: headerReferences([...commonHeaders, 'x-consumed-capacity', ...headers]),
    content: { 'application/json': { schema, ...examplesOf(operation, status) } },
  };
};

const headersTooLarge = {
  description: 'A request line and headers over 10,240 bytes.',
  content: {
    'application/json': {
      schema: ref('GatewayError'),
      example: { message: 'Request Header Fields Too Large' },
    },
  },
};

/** What an operation answers where all is well. */
export interface SuccessResponse {
  status: 200 | 201;
  description: string;
  schema: string;
  headers: ResponseHeader[];
}

/** Every answer of an operation, by status. */
export const describeResponses = (
  operation: ScopedOperation['name'],
  success: SuccessResponse,
  errors: number[],
) => ({
  [success.status]: {
    description: success.description,
    headers: headerReferences([...commonHeaders, 'x-consumed-capacity', ...success.headers]),
    content: {
      'application/json': { schema: ref(success.schema), ...examplesOf(operation, success.status) },
    },
  },
  ...(operation === 'get-channel' && {
    304: {
      description: 'The client has this version (`If-None-Match`).',
      headers: headerReferences([...commonHeaders, 'x-consumed-capacity', 'ETag']),
    },
  }),
  ...Object.fromEntries(
    [400, 401, 403, ...errors, 429, 500, 503]
      .sort((a, b) => a - b)
      .map((status) => [status, describeError(operation, status)]),
  ),
  431: headersTooLarge,
});

/** What an operation that needs no key answers. */
export const describePublicResponses = (type: string, description: string, schema: object) => ({
  200: { description, headers: headerReferences(commonHeaders), content: { [type]: { schema } } },
  400: {
    description: '`invalid_request`: a query parameter; there is none.',
    headers: headerReferences(commonHeaders),
    content: {
      'application/json': {
        schema: { anyOf: [ref('Error'), ref('GatewayError')] },
        example: unknownParameterResponse,
      },
    },
  },
  431: headersTooLarge,
});
