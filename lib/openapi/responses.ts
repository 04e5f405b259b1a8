import type { ScopedOperation } from '../manifest/operations.ts';
import { examples, misfortunes, unknownParameter } from './examples.ts';
import { type AnswerHeader, everyAnswer, headersOf } from './headers.ts';
import { ref } from './schemas.ts';

const failures: Record<number, { description: string; headers?: AnswerHeader[]; gateway?: boolean }> = {
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
        shown.map(({ name, summary, answer }) => [name, { summary, value: answer }]),
      ),
    };
  return misfortunes[status] && { example: misfortunes[status] };
};

const failure = (operation: ScopedOperation['name'], status: number) => {
  const { description, headers = [], gateway } = failures[status] as (typeof failures)[number];
  const schema = gateway ? { anyOf: [ref('Error'), ref('GatewayError')] } : ref('Error');
  return {
    description,
    headers: headersOf([...everyAnswer, 'x-consumed-capacity', ...headers]),
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
export interface Success {
  status: 200 | 201;
  description: string;
  schema: string;
  headers: AnswerHeader[];
}

/** Every answer of an operation, by status. */
export const answersOf = (operation: ScopedOperation['name'], success: Success, errors: number[]) => ({
  [success.status]: {
    description: success.description,
    headers: headersOf([...everyAnswer, 'x-consumed-capacity', ...success.headers]),
    content: {
      'application/json': { schema: ref(success.schema), ...examplesOf(operation, success.status) },
    },
  },
  ...(operation === 'get-channel' && {
    304: {
      description: 'The client has this version (`If-None-Match`).',
      headers: headersOf([...everyAnswer, 'x-consumed-capacity', 'ETag']),
    },
  }),
  ...Object.fromEntries(
    [400, 401, 403, ...errors, 429, 500, 503]
      .sort((a, b) => a - b)
      .map((status) => [status, failure(operation, status)]),
  ),
  431: headersTooLarge,
});

/** What an operation that needs no key answers. */
export const publicAnswers = (type: string, description: string, schema: object) => ({
  200: { description, headers: headersOf(everyAnswer), content: { [type]: { schema } } },
  400: {
    description: '`invalid_request`: a query parameter; there is none.',
    headers: headersOf(everyAnswer),
    content: {
      'application/json': {
        schema: { anyOf: [ref('Error'), ref('GatewayError')] },
        example: unknownParameter,
      },
    },
  },
  431: headersTooLarge,
});
