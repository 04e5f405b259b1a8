import type { ErrorCode, ErrorDetail } from '../api-error.ts';
import type { ScopedOperation } from '../manifest/operations.ts';

/** An example request and its response. Ids and times are placeholders: a real response has others. */
export interface ExampleExchange {
  operation: ScopedOperation['name'];
  name: string;
  summary: string;
  /** The id in the path. The default is a channel that exists. */
  id?: string;
  /** The only method that returns this. By default, all methods of the operation do. */
  method?: 'PUT' | 'PATCH';
  query?: string;
  /** Whether the channel was deleted before. */
  isDeleted?: boolean;
  /** The body of an earlier request with the same headers. */
  earlierBody?: unknown;
  headers?: Record<string, string>;
  body?: unknown;
  status: number;
  response: object;
}

const exampleId = '65f0a1b2c3d4e5f601234567';
const secondId = '65f0a1b2c3d4e5f601234568';
const exampleTime = '2026-11-24T09:30:00.000Z';
const exampleKey = '5f1c0d2b9e8a7c34';
const requestId = 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef';

const retail = {
  name: 'Retail Channel',
  local_name: 'قناة التجزئة',
  disabled: false,
  integration_meta: { external_id: 'ch_123' },
  company_namespace: ['company1'],
};
const stored = { createdAt: exampleTime, updatedAt: exampleTime, __v: 0 };
const retailDocument = { _id: exampleId, ...retail, ...stored };

/** The body of an error response. */
const errorResponse = (code: ErrorCode | 'internal_error', error: string, details?: ErrorDetail[]) => ({
  success: false,
  error,
  code,
  ...(details && { details }),
  request_id: requestId,
});

/** The response to `?pretty=true`, for operations without query parameters. */
export const unknownParameterResponse = errorResponse(
  'invalid_request',
  'This operation takes no query parameters.',
  [{ path: 'pretty', message: 'is not a parameter of this operation' }],
);
const noSuchChannel = errorResponse('not_found', 'There is no such channel.');

const unauthenticated = errorResponse(
  'unauthenticated',
  'A valid API key is needed, in the header "api-key" or as "Authorization: Bearer <key>".',
);
const foreignNamespace = errorResponse(
  'forbidden',
  'This API key does not hold the namespace in "x-company-namespace".',
);

const commonErrors = (operation: ExampleExchange['operation'], body?: unknown): ExampleExchange[] => [
  {
    operation,
    name: 'unknown_key',
    summary: 'An unknown API key',
    headers: { 'api-key': 'unknown' },
    ...(body !== undefined && { body }),
    status: 401,
    response: unauthenticated,
  },
  {
    operation,
    name: 'foreign_namespace',
    summary: 'A namespace that the API key does not hold',
    headers: { 'x-company-namespace': 'elsewhere' },
    ...(body !== undefined && { body }),
    status: 403,
    response: foreignNamespace,
  },
];

const unknownParameter = (operation: ExampleExchange['operation'], body?: unknown): ExampleExchange => ({
  operation,
  name: 'unknown_parameter',
  summary: 'A query parameter that does not exist',
  query: 'pretty=true',
  ...(body !== undefined && { body }),
  status: 400,
  response: unknownParameterResponse,
});

const channelErrors = (operation: ExampleExchange['operation'], body?: unknown): ExampleExchange[] => [
  ...commonErrors(operation, body),
  unknownParameter(operation, body),
  {
    operation,
    name: 'unknown_channel',
    summary: 'A channel that does not exist in the namespace',
    id: 'ffffffffffffffffffffffff',
    ...(body !== undefined && { body }),
    status: 404,
    response: noSuchChannel,
  },
];

const stale = {
  headers: { 'if-match': '"41"' },
  status: 412,
  response: errorResponse(
    'precondition_failed',
    'The channel is not at the version that "If-Match" names: read it again for its ETag, quotes included, then repeat.',
  ),
};

const rename = { name: 'Wholesale', local_name: 'قناة الجملة' };

const tooLarge = {
  name: 'too_large',
  summary: 'A body of more than 256 KiB',
  body: { name: 'x'.repeat(256 * 1024) },
  status: 413,
  response: errorResponse('payload_too_large', 'The body must be at most 256 KiB.'),
};

const wrongMediaType = {
  name: 'plain_text',
  summary: 'A content type that is not JSON',
  headers: { 'content-type': 'text/plain' },
  status: 415,
  response: errorResponse(
    'unsupported_media_type',
    'The body must be sent as "content-type: application/json".',
  ),
};

const upsertRows = {
  channels: [
    { name: 'Retail', integration_meta: { external_id: 'ch_123', synced: '2026-11-24' } },
    { name: 'Wholesale', integration_meta: { external_id: 'ch_124' } },
    { delete: true, integration_meta: { external_id: 'ch_125' } },
    { name: 'Kiosk', integration_meta: { external_id: '' } },
  ],
};
const changedRetail = {
  ...retailDocument,
  name: 'Retail',
  integration_meta: { external_id: 'ch_123', synced: '2026-11-24' },
  __v: 1,
};
const newWholesale = {
  name: 'Wholesale',
  disabled: false,
  integration_meta: { external_id: 'ch_124' },
  company_namespace: ['company1'],
};

/** The results of `upsertRows`. The first row finds the channel of the other examples. */
const upsertResults = (updated: object, created: object) => ({
  success: true,
  data: [
    {
      index: 0,
      result: 'updated',
      _id: exampleId,
      __v: 1,
      channel: changedRetail,
      changed: ['name', 'integration_meta'],
      ...updated,
    },
    { index: 1, result: 'created', ...created },
    { index: 2, result: 'unchanged' },
    {
      index: 3,
      result: 'failed',
      code: 'invalid_request',
      error: 'The field "integration_meta.external_id" must not be blank.',
      details: [{ path: 'integration_meta.external_id', message: 'must not be blank' }],
    },
  ],
  summary: { created: 1, updated: 1, unchanged: 1, deleted: 0, failed: 1 },
});

/** Names a secret that no service has, as a cursor does after two rotations. */
const expiredCursor = 'AubZMuJgeKZQ1ZUOYQ2CsyEEO2KIx2VgKl2dQH7kKO8FC-q0NDD41ciHKXoPLr_cDFRfcZzun3zeiw';

/** The examples of the description. A test sends each to the running service. */
export const examples: ExampleExchange[] = [
  {
    operation: 'list-channels',
    name: 'first_page',
    summary: 'The first page',
    query: 'name=Retail+Channel',
    status: 200,
    response: {
      success: true,
      data: [retailDocument],
      pagination: { page: 1, per_page: 25, pre_page: 0, next_page: 0, total: 1, total_page: 1 },
    },
  },
  {
    operation: 'list-channels',
    name: 'misspelt_filter',
    summary: 'An unknown parameter',
    query: 'nam=Retail',
    status: 400,
    response: errorResponse(
      'invalid_request',
      'The query parameter "nam" is not known (did you mean name?).',
      [{ path: 'nam', message: 'is not known (did you mean name?)' }],
    ),
  },
  ...commonErrors('list-channels'),
  {
    operation: 'create-channel',
    name: 'retail',
    summary: 'A channel with an Arabic local name and an external id',
    body: retail,
    status: 201,
    response: { success: true, data: retailDocument },
  },
  {
    operation: 'create-channel',
    name: 'arabic',
    summary: 'Only a name, in Arabic',
    body: { name: 'قناة الجملة' },
    status: 201,
    response: {
      success: true,
      data: {
        _id: exampleId,
        name: 'قناة الجملة',
        disabled: false,
        company_namespace: ['company1'],
        ...stored,
      },
    },
  },
  {
    operation: 'create-channel',
    name: 'several_errors',
    summary: 'Several problems in one body',
    body: { name: ' ', disabled: 'no', nmae: 'x' },
    status: 400,
    response: errorResponse(
      'invalid_request',
      'The field "name" must not be blank: it needs at least one visible character. This is the first of 3 problems: see the details.',
      [
        { path: 'name', message: 'must not be blank: it needs at least one visible character' },
        { path: 'disabled', message: 'must be true or false' },
        { path: 'nmae', message: 'is not a field of this operation (did you mean name?)' },
      ],
    ),
  },
  { operation: 'create-channel', body: retail, ...wrongMediaType },
  { operation: 'create-channel', ...tooLarge },
  {
    operation: 'create-channel',
    name: 'other_body',
    summary: 'An Idempotency-Key that was used with another body',
    earlierBody: retail,
    headers: { 'idempotency-key': 'import-42' },
    body: { name: 'Wholesale' },
    status: 422,
    response: errorResponse(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another body: use a new key for another channel.',
    ),
  },
  ...commonErrors('create-channel', retail),
  {
    operation: 'upsert-channels',
    name: 'rows',
    summary: 'A change, a creation, a deletion that finds no channel, and a row without a key',
    body: upsertRows,
    status: 200,
    response: upsertResults(
      {},
      { _id: secondId, __v: 0, channel: { _id: secondId, ...newWholesale, ...stored } },
    ),
  },
  {
    operation: 'upsert-channels',
    name: 'dry_run',
    summary: 'What the same rows would do',
    body: { ...upsertRows, dry_run: true },
    status: 200,
    response: upsertResults({ previous: retailDocument }, { channel: newWholesale }),
  },
  {
    operation: 'upsert-channels',
    name: 'sync',
    summary: 'A deletion that is limited to the channels of one source',
    body: {
      channels: [{ delete: true, integration_meta: { external_id: 'ch_123' } }],
      where: { 'integration_meta.source': 'sap' },
    },
    status: 200,
    response: {
      success: true,
      data: [
        {
          index: 0,
          result: 'failed',
          code: 'outside_where',
          error:
            'All sources share one set of keys: the channel with this key has another value, or none, at the path that "where" names.',
        },
      ],
      summary: { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 1 },
    },
  },
  {
    operation: 'upsert-channels',
    name: 'no_rows',
    summary: 'A request without rows',
    body: { channels: [] },
    status: 400,
    response: errorResponse('invalid_request', 'The field "channels" must hold at least one row.', [
      { path: 'channels', message: 'must hold at least one row' },
    ]),
  },
  { operation: 'upsert-channels', body: upsertRows, ...wrongMediaType },
  {
    operation: 'upsert-channels',
    name: 'too_large',
    summary: 'A body of more than 2 MiB',
    body: { channels: ['x'.repeat(2 * 1024 * 1024)] },
    status: 413,
    response: errorResponse('payload_too_large', 'The body must be at most 2048 KiB.'),
  },
  ...commonErrors('upsert-channels', upsertRows),
  unknownParameter('upsert-channels', upsertRows),
  {
    operation: 'read-changes',
    name: 'first_reading',
    summary: 'The first response of a first reading',
    status: 200,
    response: {
      success: true,
      data: [{ type: 'upsert', channel: retailDocument, changed_at: exampleTime }],
      pagination: { per_page: 100, next_cursor: expiredCursor, has_more: true },
    },
  },
  {
    operation: 'read-changes',
    name: 'list_parameter',
    summary: 'A parameter of lists: the changes are never filtered',
    query: 'search=retail',
    status: 400,
    response: errorResponse(
      'invalid_request',
      'The query parameter "search" is not known (known: cursor, per_page, exclude_self).',
      [{ path: 'search', message: 'is not known (known: cursor, per_page, exclude_self)' }],
    ),
  },
  {
    operation: 'read-changes',
    name: 'expired_cursor',
    summary: 'A cursor that has expired',
    query: `cursor=${expiredCursor}`,
    status: 410,
    response: errorResponse(
      'cursor_expired',
      'The cursor has expired: read again without a cursor until has_more is false, then drop every channel that this did not bring.',
    ),
  },
  ...commonErrors('read-changes'),
  {
    operation: 'get-channel',
    name: 'retail',
    summary: 'A channel',
    status: 200,
    response: { success: true, data: retailDocument },
  },
  ...channelErrors('get-channel'),
  {
    operation: 'update-channel',
    name: 'rename',
    summary: 'Update the names only',
    body: rename,
    status: 200,
    response: { success: true, data: { ...retailDocument, ...rename, __v: 1 } },
  },
  {
    operation: 'update-channel',
    name: 'remove',
    summary: 'Remove optional fields with null',
    body: { local_name: null, integration_meta: null, disabled: true },
    status: 200,
    response: {
      success: true,
      data: {
        _id: exampleId,
        name: retail.name,
        disabled: true,
        company_namespace: retail.company_namespace,
        ...stored,
        __v: 1,
      },
    },
  },
  {
    operation: 'update-channel',
    name: 'merge',
    summary: 'Set and remove single keys of the metadata',
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { integration_meta: { sync_status: 'done', external_id: null } },
    status: 200,
    response: {
      success: true,
      data: { ...retailDocument, integration_meta: { sync_status: 'done' }, __v: 1 },
    },
  },
  {
    operation: 'update-channel',
    name: 'nothing',
    summary: 'A body without fields',
    body: {},
    status: 400,
    response: errorResponse('invalid_request', 'The body must contain at least one field to change.'),
  },
  {
    operation: 'update-channel',
    name: 'stale',
    summary: 'A channel that has changed since it was read',
    body: rename,
    ...stale,
  },
  { operation: 'update-channel', method: 'PUT', body: rename, ...wrongMediaType },
  {
    operation: 'update-channel',
    method: 'PATCH',
    body: rename,
    ...wrongMediaType,
    response: errorResponse(
      'unsupported_media_type',
      'The body must be sent as "content-type: application/json" or "application/merge-patch+json".',
    ),
  },
  { operation: 'update-channel', ...tooLarge },
  ...channelErrors('update-channel', rename),
  {
    operation: 'delete-channel',
    name: 'retail',
    summary: 'The deleted channel',
    status: 200,
    response: { success: true, data: retailDocument },
  },
  {
    operation: 'delete-channel',
    name: 'stale',
    summary: 'A channel that has changed since it was read',
    ...stale,
  },
  ...channelErrors('delete-channel'),
  {
    operation: 'restore-channel',
    name: 'restored',
    summary: 'A channel that was deleted',
    isDeleted: true,
    status: 200,
    response: { success: true, data: { ...retailDocument, __v: 2 } },
  },
  {
    operation: 'restore-channel',
    name: 'not_deleted',
    summary: 'A channel that is there',
    status: 200,
    response: { success: true, data: retailDocument },
  },
  {
    operation: 'restore-channel',
    name: 'with_body',
    summary: 'A body that is not empty',
    isDeleted: true,
    body: rename,
    status: 400,
    response: errorResponse('invalid_request', 'This operation takes no body: send none, or {}.'),
  },
  { operation: 'restore-channel', body: {}, ...wrongMediaType },
  { operation: 'restore-channel', ...tooLarge },
  ...channelErrors('restore-channel'),
  {
    operation: 'read-history',
    name: 'deleted',
    summary: 'A channel that was deleted',
    isDeleted: true,
    status: 200,
    response: {
      success: true,
      data: [
        { version: 1, at: exampleTime, actor: exampleKey, type: 'deleted', changed: [], channel: null },
        {
          version: 0,
          at: exampleTime,
          actor: exampleKey,
          type: 'created',
          changed: [],
          channel: retailDocument,
        },
      ],
      pagination: { per_page: 25, has_more: false },
    },
  },
  ...commonErrors('read-history'),
  {
    operation: 'read-history',
    name: 'misspelt_parameter',
    summary: 'An unknown parameter',
    query: 'perpage=5',
    status: 400,
    response: errorResponse(
      'invalid_request',
      'The query parameter "perpage" is not known (did you mean per_page?).',
      [{ path: 'perpage', message: 'is not known (did you mean per_page?)' }],
    ),
  },
  {
    operation: 'read-history',
    name: 'unknown_channel',
    summary: 'A channel that this namespace never had',
    id: 'ffffffffffffffffffffffff',
    status: 404,
    response: noSuchChannel,
  },
  {
    operation: 'get-own-key',
    name: 'connector',
    summary: 'A key that never expires',
    status: 200,
    response: {
      success: true,
      data: {
        key_id: exampleKey,
        name: 'SAP connector',
        namespace: 'company1',
        namespaces: ['company1'],
        scopes: ['channels:read', 'channels:write'],
        expires_at: null,
      },
    },
  },
  ...commonErrors('get-own-key'),
  unknownParameter('get-own-key'),
];

/** Errors of any operation that no request causes by itself, so no example exchange can show them. */
export const errorExamples: Record<number, object> = {
  409: errorResponse('conflict', 'The channel is being changed by other requests: try again in a moment.'),
  429: errorResponse('too_many_requests', 'Too many requests at once: try again in a moment.'),
  500: errorResponse('internal_error', 'Something went wrong on our side.'),
  503: errorResponse('unavailable', 'The service is not available now: try again in a moment.'),
};
