import * as z from 'zod/mini';
import {
  createBody,
  integrationMeta,
  maxNameCharacters,
  maxNamespaces,
  namespaces,
  nameText,
  updateBody,
} from '../channels/schema.ts';
import { maxDetails } from '../errors.ts';
import { statuses } from '../http/response.ts';

type JsonSchema = Record<string, unknown>;

/** No control characters, and one that is no white space: what the schema's own checks ask, as a pattern. */
const control = '\\u0000-\\u001f\\u007f-\\u009f';
const notBlank = `^[^${control}]*[^\\s${control}][^${control}]*$`;

/** What a check in code asks, which JSON Schema can't be derived from: said here once for each such schema. */
const sayings = new Map<unknown, JsonSchema>([
  [
    nameText,
    {
      minLength: 1,
      maxLength: maxNameCharacters,
      pattern: notBlank,
      description:
        'Not blank; no control characters, no lone surrogates. Stored and returned exactly as sent, white space included.',
    },
  ],
  [
    integrationMeta,
    {
      type: 'object',
      additionalProperties: true,
      description:
        'Any JSON object of at most 64 KiB (UTF-8) and 16 levels. What is sent comes back equal as JSON; an update replaces it whole.',
    },
  ],
  [
    namespaces,
    {
      maxItems: maxNamespaces,
      description:
        'The company namespaces that the channel belongs to. Duplicates collapse, the order is kept. A key may add or remove only namespaces that it holds.',
    },
  ],
]);

const describe = (schema: z.ZodMiniType): JsonSchema => {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      Object.assign(jsonSchema, sayings.get(zodSchema));
    },
  });
  return described;
};

const id = {
  type: 'string',
  pattern: '^[0-9a-f]{24}$',
  description: 'An ObjectId; ids are ordered by time.',
};
const time = {
  type: 'string',
  format: 'date-time',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
  description: 'ISO 8601, UTC, with milliseconds.',
};

const channel = (): JsonSchema => {
  const {
    properties,
    required: _,
    ...body
  } = describe(createBody) as { properties: JsonSchema } & JsonSchema;
  return {
    ...body,
    description: 'A distribution channel as it is stored.',
    properties: {
      _id: id,
      ...properties,
      createdAt: time,
      updatedAt: time,
      __v: { type: 'integer', minimum: 0, description: '0 on creation, 1 more with every change.' },
    },
    required: ['_id', 'name', 'disabled', 'company_namespace', 'createdAt', 'updatedAt', '__v'],
  };
};

const count = { type: 'integer', minimum: 0 };

const pagination: JsonSchema = {
  type: 'object',
  properties: {
    page: { type: 'integer', minimum: 1 },
    per_page: { type: 'integer', minimum: 1, maximum: 100 },
    pre_page: { ...count, description: '0 on the first page.' },
    next_page: { ...count, description: '0 where there is none.' },
    total: { ...count, description: 'All channels that match, exactly.' },
    total_page: count,
    next_cursor: { type: 'string', description: 'Absent where there is no next page.' },
    prev_cursor: { type: 'string', description: 'Absent where there is no page before.' },
  },
  required: ['page', 'per_page', 'pre_page', 'next_page', 'total', 'total_page'],
  additionalProperties: false,
};

const error: JsonSchema = {
  type: 'object',
  properties: {
    success: { const: false },
    error: { type: 'string', description: 'A sentence for a person.' },
    code: {
      type: 'string',
      enum: [...Object.keys(statuses), 'internal_error'],
      description: 'For programs: it never changes.',
    },
    details: {
      type: 'array',
      maxItems: maxDetails,
      description: `Everything that is wrong; the first ${maxDetails} where there is more.`,
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
        additionalProperties: false,
      },
    },
    request_id: {
      type: 'string',
      description: 'As in the header x-request-id: name it when you ask for help.',
    },
  },
  required: ['success', 'error', 'code', 'request_id'],
  additionalProperties: false,
};

const gatewayError: JsonSchema = {
  type: 'object',
  description: 'What the gateway says of a request that never reached the service.',
  properties: { message: { type: ['string', 'null'] } },
  required: ['message'],
  additionalProperties: false,
};

const enveloped = (properties: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { success: { const: true }, ...properties },
  required: ['success', ...Object.keys(properties)],
  additionalProperties: false,
});

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** The schemas of the document. The two bodies are those that validate; the channel's fields are the creation's. */
export const describeSchemas = (): Record<string, JsonSchema> => ({
  ChannelCreation: describe(createBody),
  ChannelChange: { ...describe(updateBody), minProperties: 1 },
  Channel: channel(),
  Pagination: pagination,
  ChannelAnswer: enveloped({ data: ref('Channel') }),
  ChannelListAnswer: enveloped({
    data: { type: 'array', maxItems: 100, items: ref('Channel') },
    pagination: ref('Pagination'),
  }),
  Error: error,
  GatewayError: gatewayError,
});
