import { type OperationName, operations, type ScopedOperation } from '../manifest/operations.ts';
import { describeSchemas, ref } from './component-schemas.ts';
import { examples } from './example-exchanges.ts';
import { type RequestParameter, requestParameters, responseHeaders } from './header-descriptions.ts';
import { describeQuery } from './query-descriptions.ts';
import { describePublicResponses, describeResponses, type SuccessResponse } from './response-descriptions.ts';

interface OperationDescription {
  summary: string;
  description?: string;
  parameters: RequestParameter[];
  query?: object[];
  body?: 'ChannelCreation' | 'ChannelChange';
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
      'Filters combine with AND. A parameter that is empty, `null` or `undefined` counts as absent; one that is not known is 400.',
    parameters: commonParameters,
    query: describeQuery(),
    success: {
      status: 200,
      description: 'A page; past the end it holds no data and the true totals.',
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
  'get-channel': {
    summary: 'Get a channel',
    parameters: ['Id', ...commonParameters, 'IfNoneMatch'],
    success: channelResponse('The channel.', ['ETag']),
    errors: [404],
  },
  'update-channel': {
    summary: 'Update a channel',
    description:
      'A field that is absent stays as it is. `createdAt`, `updatedAt` and `__v` are accepted and ignored. PUT and PATCH are the same.',
    parameters: ['Id', ...commonParameters, 'IfMatch'],
    body: 'ChannelChange',
    success: channelResponse('The channel as it is now.', ['ETag']),
    errors: [404, 409, 412, 413, 415],
  },
  'delete-channel': {
    summary: 'Delete a channel',
    parameters: ['Id', ...commonParameters, 'IfMatch'],
    success: channelResponse('The channel as it was.', []),
    errors: [404, 409, 412],
  },
};

const describeBody = (operation: ScopedOperation['name'], schema: string) => ({
  required: true,
  content: {
    'application/json': {
      schema: ref(schema),
      examples: Object.fromEntries(
        examples
          .filter((example) => example.operation === operation && [200, 201].includes(example.status))
          .map(({ name, summary, body }) => [name, { summary, value: body }]),
      ),
    },
  },
});

const describeScoped = ({ name, scope }: ScopedOperation) => {
  const { summary, description, parameters, query = [], body, success, errors } = descriptions[name];
  return {
    summary,
    description: `${description ? `${description} ` : ''}Needs the scope \`${scope}\`.`,
    tags: ['Channels'],
    parameters: [...parameters.map((one) => ({ $ref: `#/components/parameters/${one}` })), ...query],
    ...(body && { requestBody: describeBody(name, body) }),
    responses: describeResponses(name, success, errors),
  };
};

const publicDescriptions = {
  'describe-api': {
    summary: 'This description',
    responses: describePublicResponses('application/json', 'OpenAPI 3.1.', { type: 'object' }),
  },
  'show-docs': {
    summary: 'A page to read it and try it',
    responses: describePublicResponses('text/html; charset=utf-8', 'A page for people.', { type: 'string' }),
  },
};

const toCamelCase = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const describeOperation = (operation: (typeof operations)[number]) =>
  'scope' in operation
    ? describeScoped(operation)
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
        ...describeOperation(operation),
      };
    }
  return paths;
};

/** The API as OpenAPI 3.1 has it, drawn from the table of operations and the schemas that validate. */
export const describeApi = () => ({
  openapi: '3.1.1',
  info: {
    title: 'Client Channels API',
    version: '0.1.0',
    summary: 'The distribution channels by which field-sales companies organise their clients',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/', description: 'The server that gave this description' }],
  security: [{ apiKey: [] }, { bearer: [] }],
  tags: [
    { name: 'Channels', description: 'Create, read, change and delete channels' },
    { name: 'Description', description: 'What the API says of itself, to anyone' },
  ],
  paths: describePaths(),
  components: {
    securitySchemes: {
      apiKey: { type: 'apiKey', in: 'header', name: 'api-key', description: 'An API key.' },
      bearer: { type: 'http', scheme: 'bearer', description: 'The same key as a bearer token.' },
    },
    parameters: requestParameters,
    headers: responseHeaders,
    schemas: describeSchemas(),
  },
});
