import * as z from 'zod/mini';
import { maxDetails } from '../api-error.ts';
import { ownKey } from '../auth/own-key.ts';
import {
  createBody,
  integrationMeta,
  integrationMetaPatch,
  maxNameCharacters,
  maxNamespaces,
  mergePatchBody,
  namespaces,
  nameText,
  serverFields,
  updateBody,
} from '../channels/body-schema.ts';
import { channelDocument } from '../channels/document-schema.ts';
import { errorStatuses } from '../http/error-statuses.ts';
import { pagination } from '../lists/pagination.ts';
import { upsertFields } from '../upsert/parse-row.ts';
import { rowErrorCodes } from '../upsert/row-error.ts';
import { maxRows, upsertBody } from '../upsert/upsert-request.ts';

type JsonSchema = Record<string, unknown>;

/** The checks of `nameText`, as far as a pattern that all tools understand can say them: no control characters, not blank. */
const notAName = '[\\u0000-\\u001f\\u007f-\\u009f]|^\\s*$';

const time = { format: 'date-time', description: 'ISO 8601, UTC, with milliseconds.' };
const nameDescription =
  'Must contain at least one visible character: white space, zero width characters and the like are not enough. Must not contain control characters or lone surrogates. The service stores and returns it exactly as sent, with its white space.';
const metadata = {
  type: 'object',
  additionalProperties: true,
  description:
    'Any JSON object of at most 64 KiB (UTF-8) and 16 levels. The service returns an equal JSON object. An integer that no double holds exactly, such as 9007199254740993, is refused: send it as a string. An update with `application/json` replaces the whole object.',
};
const namespacesDescription =
  'The company namespaces of the channel. The service removes duplicates and keeps the order. An API key can add and remove only namespaces that it holds.';
const { _id, local_name, integration_meta, company_namespace, createdAt, updatedAt, __v } =
  channelDocument.shape;
const { key_id, namespace, scopes, expires_at } = ownKey.shape;
const { pre_page, next_page, total, next_cursor, prev_cursor } = pagination.shape;

/** What clients send back as they read it. */
const ignoredTime = { type: ['string', 'null'], format: 'date-time', description: 'Accepted and ignored.' };

/** Keywords that Zod cannot derive: the limits that code checks, and descriptions. */
const extraKeywords = new Map<unknown, JsonSchema>([
  [
    nameText,
    {
      minLength: 1,
      maxLength: maxNameCharacters,
      // Tools that make examples from a schema would make gibberish from a positive pattern.
      not: { type: 'string', pattern: notAName },
      description: nameDescription,
    },
  ],
  [channelDocument.shape.name, { description: nameDescription }],
  [local_name, { description: nameDescription }],
  [integrationMeta, metadata],
  [integration_meta, metadata],
  [
    integrationMetaPatch,
    {
      type: 'object',
      additionalProperties: true,
      description:
        'Merged into the metadata of the channel at every level. `null` removes a key. The limits of `integration_meta` hold for the result.',
    },
  ],
  [
    namespaces,
    {
      minItems: 1,
      maxItems: maxNamespaces,
      items: { type: 'string' },
      description: `${namespacesDescription} Each has 1 to 64 of the characters A-Z a-z 0-9 _ . -`,
    },
  ],
  [company_namespace, { description: namespacesDescription }],
  [_id, { description: 'An ObjectId. Ids sort by the time of creation.' }],
  [
    serverFields._id,
    { type: ['string', 'null'], description: 'Accepted if it is the id in the path. Null is ignored.' },
  ],
  [serverFields.createdAt, ignoredTime],
  [serverFields.updatedAt, ignoredTime],
  [serverFields.__v, { type: ['integer', 'null'], format: 'int64', description: 'Accepted and ignored.' }],
  [createdAt, time],
  [updatedAt, time],
  [
    __v,
    {
      format: 'int64',
      description:
        '0 after creation. Every change adds 1. After a restored backup, it counts on from the time of the restore in milliseconds, which needs 64 bits.',
    },
  ],
  [key_id, { description: 'The id of the key. It is in logs and events, and it is no secret.' }],
  [ownKey.shape.name, { description: 'What the operators call the key. Empty if they gave it no name.' }],
  [namespace, { description: 'The namespace in which this request acts.' }],
  [scopes, { description: 'What the key may do: `channels:read`, `channels:write`.' }],
  [expires_at, { format: 'date-time', description: 'Null if the key never expires.' }],
  [pre_page, { description: '0 on the first page.' }],
  [next_page, { description: '0 if there is no next page.' }],
  [total, { description: 'The exact number of channels that match.' }],
  [next_cursor, { description: 'Absent if there is no next page.' }],
  [prev_cursor, { description: 'Absent if there is no previous page.' }],
]);

/** Zod writes `anyOf` for a type that may be null. Generated clients make a class of its own from each `anyOf`. */
const mergeNull = (schema: JsonSchema): JsonSchema => {
  const { anyOf, ...others } = schema;
  const [described, nothing] = (anyOf ?? []) as JsonSchema[];
  return nothing?.type === 'null' ? { ...described, ...others, type: [described?.type, 'null'] } : schema;
};

const mapValues = (object: unknown, change: (schema: JsonSchema) => JsonSchema) =>
  Object.fromEntries(
    Object.entries(object as Record<string, JsonSchema>).map(([key, one]) => [key, change(one)]),
  );

/** Limits that a later version may extend. Generated clients would refuse a response beyond them. */
const limits = ['pattern', 'minLength', 'minItems', 'minimum', 'maximum'];

/** A later version may add fields. Some generated clients refuse unknown fields unless the schema allows them. */
const openToNewFields = { additionalProperties: true };

const openResponse = (schema: JsonSchema) => {
  for (const keyword of limits) delete schema[keyword];
  if (schema.type === 'object') Object.assign(schema, openToNewFields);
};

/** @param io whether the schema describes what clients send (`input`) or receive (`output`) */
const toJsonSchema = (schema: z.ZodMiniType, io: 'input' | 'output'): JsonSchema => {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (io === 'output') openResponse(jsonSchema);
      // Without a format, generated clients use 32 bits.
      if (jsonSchema.type === 'integer') jsonSchema.format = 'int64';
      Object.assign(jsonSchema, extraKeywords.get(zodSchema));
    },
  });
  return { ...described, properties: mapValues(described.properties, mergeNull) };
};

const errorDetails: JsonSchema = {
  type: 'array',
  description: `All problems of the request, but at most the first ${maxDetails}.`,
  items: {
    type: 'object',
    properties: { path: { type: 'string' }, message: { type: 'string' } },
    required: ['path', 'message'],
    ...openToNewFields,
  },
};

const error: JsonSchema = {
  type: 'object',
  properties: {
    success: { type: 'boolean', description: 'Always `false`.' },
    error: { type: 'string', description: 'A message for people.' },
    code: {
      type: 'string',
      // An `enum` would be closed: some generated clients cannot read an error with a value that is not in it.
      'x-extensible-enum': [...Object.keys(errorStatuses), 'internal_error'],
      description: 'A code for programs. Codes never change, but later versions may add some.',
    },
    details: errorDetails,
    request_id: {
      type: 'string',
      description: 'The same as in the header x-request-id. Quote it when you ask for help.',
    },
  },
  required: ['success', 'error', 'code', 'request_id'],
  ...openToNewFields,
};

/** The body of an upsert. A schema of its own describes a row: a wrong row does not make the request wrong. */
const upsert = (): JsonSchema => {
  const body = toJsonSchema(upsertBody, 'input');
  return {
    ...body,
    properties: {
      ...(body.properties as JsonSchema),
      match: {
        ...((body.properties as JsonSchema).match as JsonSchema),
        description: 'Where each row carries its key. `integration_meta.external_id` if it is absent.',
      },
      dry_run: {
        type: 'boolean',
        description: 'True: the response says what would be done, and nothing is written.',
      },
      channels: { type: 'array', minItems: 1, maxItems: maxRows, items: ref('UpsertRow') },
      where: {
        type: 'object',
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: { type: 'string', minLength: 1 },
        description:
          'One path in the metadata, of at most 16 levels, with its value, a text that is not blank. No channel with another value there, or without one, is changed or deleted. A new channel gets the value. Keys still count across all channels of the namespace.',
      },
    },
  };
};

const upsertRow = (): JsonSchema => {
  const row = toJsonSchema(upsertFields, 'input');
  return {
    ...row,
    description:
      'A channel to create or to change, or a deletion. It carries its key, a string or a number, at the path that `match` names. Keys are compared as text: 77 and "77" are one key; case and white space count. Absent fields of a channel that exists stay as they are. A new channel needs a name. A row has no `_id`, `__v` and times, because the service sets them.',
    properties: {
      ...(row.properties as JsonSchema),
      integration_meta: {
        type: 'object',
        additionalProperties: true,
        description:
          'Merges by its top-level keys into the metadata of the channel. `null` removes a top-level key. An object below replaces the old one, and its nulls are stored. (A merge patch merges at every level.)',
      },
      delete: {
        type: 'boolean',
        description:
          'Only `true` is accepted: the row deletes the channel. Its only other field is `integration_meta`, with the key alone. Other rows leave the field out.',
      },
    },
  };
};

const count = { type: 'integer', format: 'int64' };
const upsertResults = ['created', 'updated', 'unchanged', 'deleted', 'failed'];

const upsertSummary: JsonSchema = {
  type: 'object',
  description: 'How many rows have which result.',
  properties: Object.fromEntries(upsertResults.map((result) => [result, count])),
  required: upsertResults,
  ...openToNewFields,
};

/** A channel in a result of an upsert. It is no `Channel`: one that a dry run would create has no id, times and version. */
const upsertedChannel = (description: string): JsonSchema => ({
  type: 'object',
  description,
  properties: mapValues(toJsonSchema(channelDocument, 'output').properties, (field) => field),
  required: ['name', 'disabled', 'company_namespace'],
  ...openToNewFields,
});

const upsertResult = (): JsonSchema => ({
  type: 'object',
  description: 'What became of a row.',
  properties: {
    index: { ...count, description: 'The position of the row in the request, from 0.' },
    result: { type: 'string', 'x-extensible-enum': upsertResults, description: 'What was done.' },
    _id: {
      type: 'string',
      description:
        'The id of the channel. Absent if the row failed, if a deletion found no channel, and if a dry run would create one.',
    },
    __v: {
      ...count,
      description: 'The version of the channel after the row; of a deleted one, the version of the deletion.',
    },
    channel: upsertedChannel(
      'The channel after the row; of a deleted one, before it. Absent in the remaining rows, as `previous` and `details`, once the response would exceed 5 MiB.',
    ),
    changed: { type: 'array', items: { type: 'string' }, description: 'The fields that an update changed.' },
    previous: upsertedChannel('In a dry run: the channel before the update.'),
    code: {
      type: 'string',
      'x-extensible-enum': rowErrorCodes,
      description:
        'Why the row failed. After `conflict`, `too_many_requests` and `unavailable`, send the row again. After `unavailable`, it may have been done; sending it again is safe. Other codes need a change first.',
    },
    error: { type: 'string', description: 'A message for people.' },
    details: errorDetails,
  },
  required: ['index', 'result'],
  ...openToNewFields,
});

const versionTypes = ['created', 'updated', 'deleted', 'restored'];

const channelVersion = (): JsonSchema => ({
  type: 'object',
  description: 'A version of a channel in one namespace.',
  properties: {
    version: { ...count, description: 'The `__v` of the channel in this version.' },
    at: { ...time, type: 'string', description: `When the version was made. ${time.description}` },
    actor: { type: 'string', description: 'The id of the API key that made the version.' },
    type: { type: 'string', 'x-extensible-enum': versionTypes, description: 'What was done.' },
    changed: {
      type: 'array',
      items: { type: 'string' },
      description: 'The fields that an update changed. Empty for the other types.',
    },
    channel: {
      ...toJsonSchema(channelDocument, 'output'),
      type: ['object', 'null'],
      description: 'The channel as it was in this version. Null if it was deleted.',
    },
  },
  required: ['version', 'at', 'actor', 'type', 'changed', 'channel'],
  ...openToNewFields,
});

const historyPagination: JsonSchema = {
  type: 'object',
  properties: {
    per_page: count,
    next_cursor: { type: 'string', description: 'Absent at the end.' },
    has_more: { type: 'boolean', description: 'Whether older versions follow.' },
  },
  required: ['per_page', 'has_more'],
  ...openToNewFields,
};

/** One object with optional fields, because generated clients handle `oneOf` badly. */
const changeRow = (): JsonSchema => ({
  type: 'object',
  description: 'A channel as it is now, or a channel that is gone from the namespace.',
  properties: {
    type: { type: 'string', 'x-extensible-enum': ['upsert', 'delete'], description: 'What to do in a copy.' },
    channel: { ...ref('Channel'), description: 'Of an `upsert`: the channel as it is now.' },
    _id: { type: 'string', description: 'Of a `delete`: the id of the channel.' },
    changed_at: { ...time, type: 'string', description: `When the channel was changed. ${time.description}` },
  },
  required: ['type', 'changed_at'],
  ...openToNewFields,
});

const changesPagination: JsonSchema = {
  type: 'object',
  properties: {
    per_page: count,
    next_cursor: {
      type: 'string',
      description: 'Always there. Store it, and send it as `cursor` next time.',
    },
    has_more: { type: 'boolean', description: 'Whether more changes follow at once.' },
  },
  required: ['per_page', 'next_cursor', 'has_more'],
  ...openToNewFields,
};

const gatewayError: JsonSchema = {
  type: 'object',
  description: 'An error of the gateway. The request did not reach the service.',
  properties: { message: { type: ['string', 'null'] } },
  required: ['message'],
  ...openToNewFields,
};

const envelope = (properties: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { success: { type: 'boolean', description: 'Always `true`.' }, ...properties },
  required: ['success', ...Object.keys(properties)],
  ...openToNewFields,
});

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** The component schemas. They are derived from the schemas that validate bodies, and from those of the responses. */
export const describeSchemas = (): Record<string, JsonSchema> => ({
  ChannelCreation: toJsonSchema(createBody, 'input'),
  ChannelChange: {
    ...toJsonSchema(updateBody, 'input'),
    minProperties: 1,
    description: 'The fields to change. `integration_meta` replaces all metadata of the channel.',
  },
  // With the schema of `ChannelChange`, a generated client would choose the content type, and so what happens to metadata.
  ChannelMergePatch: {
    ...toJsonSchema(mergePatchBody, 'input'),
    minProperties: 1,
    description:
      'The fields to change (RFC 7396). `integration_meta` is merged into the metadata of the channel.',
  },
  ChannelUpsert: upsert(),
  UpsertRow: upsertRow(),
  ChannelUpsertAnswer: envelope({
    data: { type: 'array', items: ref('UpsertResult') },
    summary: upsertSummary,
  }),
  UpsertResult: upsertResult(),
  Channel: { ...toJsonSchema(channelDocument, 'output'), description: 'A distribution channel.' },
  Pagination: toJsonSchema(pagination, 'output'),
  ChannelAnswer: envelope({ data: ref('Channel') }),
  ChannelListAnswer: envelope({
    data: { type: 'array', items: ref('Channel') },
    pagination: ref('Pagination'),
  }),
  ChangeRow: changeRow(),
  ChangesPagination: changesPagination,
  ChangesAnswer: envelope({
    data: { type: 'array', items: ref('ChangeRow') },
    pagination: ref('ChangesPagination'),
  }),
  ChannelVersion: channelVersion(),
  HistoryPagination: historyPagination,
  ChannelHistoryAnswer: envelope({
    data: { type: 'array', items: ref('ChannelVersion') },
    pagination: ref('HistoryPagination'),
  }),
  OwnKey: toJsonSchema(ownKey, 'output'),
  OwnKeyAnswer: envelope({ data: ref('OwnKey') }),
  ServiceError: error,
  GatewayError: gatewayError,
  AnyError: {
    description: 'An error of the service or of the gateway.',
    anyOf: [ref('ServiceError'), ref('GatewayError')],
  },
});
