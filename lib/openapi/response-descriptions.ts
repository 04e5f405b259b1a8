import type { ScopedOperation } from '../manifest/operations.ts';
import { ref } from './component-schemas.ts';
import { errorExamples, examples, unknownParameterResponse } from './example-exchanges.ts';
import { commonHeaders, headerReferences, type ResponseHeader } from './header-descriptions.ts';

const errorResponses: Record<number, { description: string; headers?: ResponseHeader[]; gateway?: boolean }> =
  {
    400: { description: '`invalid_request`: the request is invalid.', gateway: true },
    401: {
      description: '`unauthenticated`: the request has no valid API key.',
      headers: ['WWW-Authenticate'],
    },
    403: { description: '`forbidden`: the API key lacks the scope or does not hold the namespace.' },
    404: { description: '`not_found`: the namespace has no such channel.', gateway: true },
    409: { description: '`conflict`: other requests were writing the channel, and all retries failed.' },
    410: {
      description:
        '`cursor_expired`: the cursor is too old, or names a secret that is gone, or belongs to a log that was replaced. Begin again without a cursor.',
    },
    412: { description: '`precondition_failed`: the channel does not have the version in `If-Match`.' },
    413: { description: '`payload_too_large`: the body has more than 256 KiB.', gateway: true },
    415: {
      description:
        '`unsupported_media_type`: the operation does not take this content type, or the body is compressed.',
    },
    422: { description: '`idempotency_key_reused`: the key was already used with another body.' },
    429: {
      description: '`too_many_requests`: the request was throttled. Try again.',
      headers: ['Retry-After'],
      gateway: true,
    },
    500: { description: '`internal_error`: the service has a fault.', gateway: true },
    503: {
      description: '`unavailable`: the service is not available. Try again.',
      headers: ['Retry-After'],
      gateway: true,
    },
  };

const invalidBody = '`invalid_request`, `invalid_json`: the request is invalid.';

/** What the same status means in some operations only. */
const ownDescriptions: Partial<Record<ScopedOperation['name'], Record<number, string>>> = {
  'list-channels': {
    400: '`invalid_request`, `invalid_cursor`, `cursor_mismatch`, `page_too_deep`, `page_too_large`, `query_too_broad`: the request is invalid.',
  },
  'create-channel': { 400: invalidBody },
  'update-channel': { 400: invalidBody },
  'upsert-channels': {
    400: `${invalidBody} Nothing was done. A row that is wrong fails alone, and the response is 200.`,
    413: '`payload_too_large`: the body has more than 2 MiB.',
  },
  'read-changes': { 400: '`invalid_request`, `invalid_cursor`: the request is invalid.' },
};

const examplesOf = (operation: ScopedOperation['name'], method: string, status: number) => {
  const shown = examples.filter(
    (example) =>
      example.operation === operation && (example.method ?? method) === method && example.status === status,
  );
  if (shown.length)
    return {
      examples: Object.fromEntries(
        shown.map(({ name, summary, response }) => [name, { summary, value: response }]),
      ),
    };
  return errorExamples[status] && { example: errorExamples[status] };
};

const describeError = (operation: ScopedOperation['name'], method: string, status: number) => {
  const { description, headers = [], gateway } = errorResponses[status] as (typeof errorResponses)[number];
  const schema = ref(gateway ? 'AnyError' : 'ServiceError');
  return {
    description: ownDescriptions[operation]?.[status] ?? description,
    headers: headerReferences([...commonHeaders, 'x-consumed-capacity', ...headers]),
    content: { 'application/json': { schema, ...examplesOf(operation, method, status) } },
  };
};

const headersTooLarge = {
  description: 'The request line and the headers have more than 10,240 bytes.',
  content: {
    'application/json': {
      schema: ref('GatewayError'),
      example: { message: 'Request Header Fields Too Large' },
    },
  },
};

/** The response of an operation that succeeds. */
export interface SuccessResponse {
  status: 200 | 201;
  description: string;
  schema: string;
  headers: ResponseHeader[];
}

/** Describes all responses of an operation, by status. */
export const describeResponses = (
  operation: ScopedOperation['name'],
  method: string,
  success: SuccessResponse,
  errors: number[],
) => ({
  [success.status]: {
    description: success.description,
    headers: headerReferences([...commonHeaders, 'x-consumed-capacity', ...success.headers]),
    content: {
      'application/json': { schema: ref(success.schema), ...examplesOf(operation, method, success.status) },
    },
  },
  ...(operation === 'get-channel' && {
    304: {
      description: 'The channel still has the version in `If-None-Match`.',
      headers: headerReferences([...commonHeaders, 'x-consumed-capacity', 'ETag']),
    },
  }),
  ...Object.fromEntries(
    [400, 401, 403, ...errors, 429, 500, 503]
      .sort((a, b) => a - b)
      .map((status) => [status, describeError(operation, method, status)]),
  ),
  431: headersTooLarge,
});

/** Describes the responses of an operation that needs no API key. */
export const describePublicResponses = (type: string, description: string, schema: object) => ({
  200: { description, headers: headerReferences(commonHeaders), content: { [type]: { schema } } },
  400: {
    description: '`invalid_request`: the operation has no query parameters.',
    headers: headerReferences(commonHeaders),
    content: {
      'application/json': {
        schema: ref('AnyError'),
        example: unknownParameterResponse,
      },
    },
  },
  431: headersTooLarge,
});
