import { type OperationName, operations, type ScopedOperation } from '../manifest/operations.ts';
import { changesParameters } from './changes-parameters.ts';
import { describeSchemas, ref } from './component-schemas.ts';
import { examples } from './example-exchanges.ts';
import { type RequestParameter, requestParameters, responseHeaders } from './header-descriptions.ts';
import { historyParameters } from './history-parameters.ts';
import { introduction } from './introduction.ts';
import { describedParameters } from './list-parameters.ts';
import { describeQuery } from './query-descriptions.ts';
import { describePublicResponses, describeResponses, type SuccessResponse } from './response-descriptions.ts';

interface OperationDescription {
  summary: string;
  description?: string;
  parameters: RequestParameter[];
  query?: object[];
  body?: 'ChannelCreation' | 'ChannelChange' | 'ChannelUpsert';
  success: SuccessResponse;
  errors: number[];
}

const commonParameters: RequestParameter[] = ['Namespace', 'RequestId'];
const channelResponse = (description: string, headers: SuccessResponse['headers']): SuccessResponse => ({
  status: 200,
  description,
  schema: 'ChannelAnswer',
  headers,
});

const descriptions: Record<ScopedOperation['name'], OperationDescription> = {
  'list-channels': {
    summary: 'List channels',
    description:
      'A channel must match all filters. A parameter that is empty, `null` or `undefined` counts as absent. Exception: a filter by `integration_meta` without a value is an error (400). An unknown parameter is an error (400).',
    parameters: commonParameters,
    query: describeQuery(describedParameters),
    success: {
      status: 200,
      description: 'One page. A page after the last one has no data, but the correct totals.',
      schema: 'ChannelListAnswer',
      headers: ['Link'],
    },
    errors: [],
  },
  'create-channel': {
    summary: 'Create a channel',
    parameters: [...commonParameters, 'IdempotencyKey'],
    body: 'ChannelCreation',
    success: {
      status: 201,
      description: 'The new channel.',
      schema: 'ChannelAnswer',
      headers: ['ETag', 'Location', 'Idempotency-Replayed'],
    },
    errors: [409, 413, 415, 422],
  },
  'upsert-channels': {
    summary: 'Create, change and delete channels by external key',
    description:
      'Up to 100 rows. Each row is matched with the channel that carries its key, and is done or fails alone: the response is 200 also if rows failed. A row without a match creates a channel. A row that would change nothing writes nothing. Metadata merges by its top-level keys, and `null` removes one. `where` protects all channels that do not have its value. A request can be repeated, so it needs no `Idempotency-Key`. That header and `If-Match` have no effect here. A deletion that finds no channel is `unchanged`, without an `_id`. The file `docs/connectors.md` of the service says what to do after each code of a row.',
    parameters: commonParameters,
    body: 'ChannelUpsert',
    success: {
      status: 200,
      description: 'A result for each row, in their order.',
      schema: 'ChannelUpsertAnswer',
      headers: [],
    },
    errors: [413, 415],
  },
  'read-changes': {
    summary: 'Read what changed, also deletions',
    description:
      'Keeps a copy of the namespace right. Begin without a cursor: the first responses bring all channels. Apply the changes in their order, store `next_cursor` with your copy, and ask again at once while `has_more` is true. Then come back whenever you like, with the stored cursor. A response may have few changes, or none, although more follow. Repeats are harmless. A channel that joins the namespace is an `upsert`, and a channel that leaves it is a `delete`. A change appears within 10 seconds as a rule. After a 410, read again without a cursor until `has_more` is false, and then drop every channel that this reading did not bring. A cursor that came with `has_more: false` works for 90 days.',
    parameters: commonParameters,
    query: describeQuery(changesParameters),
    success: {
      status: 200,
      description: 'The next changes, and the cursor to continue from.',
      schema: 'ChangesAnswer',
      headers: [],
    },
    errors: [410],
  },
  'get-channel': {
    summary: 'Get a channel',
    parameters: ['Id', ...commonParameters, 'IfNoneMatch'],
    success: channelResponse('The channel.', ['ETag']),
    errors: [404],
  },
  'update-channel': {
    summary: 'Update a channel',
    description:
      'An absent field stays unchanged. `createdAt`, `updatedAt` and `__v` are accepted and ignored. With `application/json`, PUT and PATCH do the same: they replace the whole `integration_meta`. PATCH with `application/merge-patch+json` (RFC 7396) merges `integration_meta` at every level, and `null` removes a key.',
    parameters: ['Id', ...commonParameters, 'IfMatch'],
    body: 'ChannelChange',
    success: channelResponse('The channel after the update.', ['ETag']),
    errors: [404, 409, 412, 413, 415],
  },
  'delete-channel': {
    summary: 'Delete a channel',
    parameters: ['Id', ...commonParameters, 'IfMatch'],
    success: channelResponse('The channel before the deletion.', []),
    errors: [404, 409, 412],
  },
  'restore-channel': {
    summary: 'Restore a deleted channel',
    description:
      'Brings a channel back as it was, with its id, for 90 days after its deletion. It returns to all namespaces that it was deleted from, so the key must hold all of them. The request has no body, or `{}`. If the channel is there, it stays unchanged. So the request can be repeated. If another channel has its `external_id` or `id` by now, the response is 409 and names that channel.',
    parameters: ['Id', ...commonParameters],
    success: channelResponse('The channel.', ['ETag']),
    errors: [404, 409, 413, 415],
  },
  'read-history': {
    summary: 'Read the history of a channel',
    description:
      'The versions of a channel in this namespace, newest first, for a year, also of a deleted channel. `actor` is the id of the API key that made the version; your operators can name it. A version appears within 10 seconds as a rule. If the channel joined the namespace, its first version here is `created`; if it left the namespace, its last one is `deleted`. The channel may go on elsewhere.',
    parameters: ['Id', ...commonParameters],
    query: describeQuery(historyParameters),
    success: {
      status: 200,
      description: 'The versions. If none is kept, there is no data.',
      schema: 'ChannelHistoryAnswer',
      headers: [],
    },
    errors: [404],
  },
  'get-own-key': {
    summary: 'Get what the own API key may do',
    parameters: commonParameters,
    success: {
      status: 200,
      description: 'The API key that sent the request.',
      schema: 'OwnKeyAnswer',
      headers: [],
    },
    errors: [],
  },
};

const json = 'application/json';
const mergePatch = 'application/merge-patch+json';

const describeBody = (operation: ScopedOperation['name'], method: string, schema: string) => ({
  required: true,
  content: Object.fromEntries(
    (method === 'PATCH' ? [json, mergePatch] : [json]).map((contentType) => [
      contentType,
      {
        schema: ref(contentType === mergePatch ? 'ChannelMergePatch' : schema),
        examples: Object.fromEntries(
          examples
            .filter((example) => example.operation === operation && [200, 201].includes(example.status))
            .filter(({ headers = {} }) => (headers['content-type'] ?? json) === contentType)
            .map(({ name, summary, body }) => [name, { summary, value: body }]),
        ),
      },
    ]),
  ),
});

const describeScoped = ({ name, scope }: ScopedOperation, method: string) => {
  const { summary, description, parameters, query = [], body, success, errors } = descriptions[name];
  return {
    summary,
    description: `${description ? `${description} ` : ''}${scope === 'any' ? 'Any API key may call it' : `Requires the scope \`${scope}\``}.`,
    tags: [scope === 'any' ? 'API key' : 'Channels'],
    parameters: [...parameters.map((one) => ({ $ref: `#/components/parameters/${one}` })), ...query],
    ...(body && { requestBody: describeBody(name, method, body) }),
    responses: describeResponses(name, method, success, errors),
  };
};

const publicDescriptions = {
  'describe-api': {
    summary: 'Get this description',
    description:
      'The description of the whole API, for people and for generators of clients. No API key is needed.',
    responses: describePublicResponses('application/json', 'The description of the API, in OpenAPI 3.1.', {
      type: 'object',
    }),
  },
  'show-docs': {
    summary: 'Show the documentation page',
    description: 'A page for browsers. No API key is needed.',
    responses: describePublicResponses(
      'text/html; charset=utf-8',
      'A page on which people read and try the API.',
      { type: 'string' },
    ),
  },
};

const toCamelCase = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const describeOperation = (operation: (typeof operations)[number], method: string) =>
  'scope' in operation
    ? describeScoped(operation, method)
    : {
        ...publicDescriptions[operation.name],
        tags: ['Description'],
        security: [],
        parameters: [{ $ref: '#/components/parameters/RequestId' }],
      };

const operationId = (name: OperationName, method: string) =>
  toCamelCase(method === 'PATCH' ? `${name}-by-patch` : name);

const describePaths = () => {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations)
    for (const method of operation.methods) {
      paths[operation.path] ??= {};
      const path = paths[operation.path] as Record<string, object>;
      path[method.toLowerCase()] = {
        operationId: operationId(operation.name, method),
        ...describeOperation(operation, method),
      };
    }
  return paths;
};

/** Describes the API in OpenAPI 3.1. The description is derived from the table of operations and the validating schemas. */
export const describeApi = () => ({
  openapi: '3.1.1',
  info: {
    title: 'Client Channels API',
    version: '0.1.0',
    summary: 'The distribution channels by which field-sales companies organise their clients',
    description: introduction,
    contact: { name: 'The operators who gave you the API key' },
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/', description: 'The server that sent this description' }],
  security: [{ apiKey: [] }, { bearer: [] }],
  tags: [
    { name: 'Channels', description: 'Create, read, update and delete channels' },
    { name: 'API key', description: 'What the own API key may do' },
    { name: 'Description', description: 'The description of the API, without authentication' },
  ],
  paths: describePaths(),
  components: {
    securitySchemes: {
      apiKey: { type: 'apiKey', in: 'header', name: 'api-key', description: 'An API key.' },
      bearer: { type: 'http', scheme: 'bearer', description: 'The same API key, as a bearer token.' },
    },
    parameters: requestParameters,
    headers: responseHeaders,
    schemas: describeSchemas(),
  },
});
