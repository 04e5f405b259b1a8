import * as z from 'zod/mini';
import { ApiError, type ErrorDetail, invalidRequest } from '../api-error.ts';
import { namespaceFormat } from '../auth/namespace-format.ts';
import { isBlank } from '../text/blank.ts';
import { similarName } from '../text/similar-name.ts';
import type { Channel } from './channel.ts';
import { problemsOfMeta, serializeIntegrationMeta } from './integration-meta.ts';
import { isObject } from './is-object.ts';
import { mergeIntoMeta } from './merge-patch.ts';

export const maxNameCharacters = 256;
export const maxNamespaces = 10;

/** A name is stored as it is sent: the service trims nothing. */
export const nameText = z.string('must be a string').check(
  z.refine((value) => !isBlank(value), {
    error: 'must not be blank: it needs at least one visible character',
  }),
  z.refine((value) => [...value].length <= maxNameCharacters, {
    error: `must be at most ${maxNameCharacters} characters long`,
  }),
  z.refine((value) => !/\p{Cc}/u.test(value), { error: 'must not contain control characters' }),
  z.refine((value) => value.isWellFormed(), { error: 'must not contain a lone surrogate' }),
);

/** Clients remove a local name with null or an empty string. */
const removableNameText = z.pipe(
  z.transform((value: unknown) => (value === '' ? null : value)),
  z.nullable(nameText),
);

/** Uses the parsed object itself: a schema that copies objects would lose keys like `__proto__`. */
export const integrationMeta = z.pipe(
  z.custom<object>(isObject, 'must be a JSON object'),
  z.transform((value, context) => {
    const result = serializeIntegrationMeta(value);
    if ('text' in result) return result.text;
    for (const problem of result.problems) context.issues.push({ code: 'custom', input: value, ...problem });
    return z.NEVER;
  }),
);

/** Metadata of a merge patch. The limit of the size holds for the merged object only. */
export const integrationMetaPatch = z.custom<object>(isObject, 'must be a JSON object').check((context) => {
  for (const problem of problemsOfMeta(context.value) ?? [])
    context.issues.push({ code: 'custom', input: context.value, ...problem });
});

export const namespaces = z.pipe(
  z
    .array(
      z.string('must be a string').check(z.regex(namespaceFormat, 'must be 1 to 64 of A-Z a-z 0-9 _ . -')),
      'must be an array of strings',
    )
    .check(z.minLength(1, 'must name at least one namespace')),
  z.pipe(
    z.transform((names: string[]) => [...new Set(names)]),
    z.array(z.string()).check(z.maxLength(maxNamespaces, `must name at most ${maxNamespaces} namespaces`)),
  ),
);

const disabled = z.boolean('must be true or false');

/** Generated clients send null for each optional field that they leave out. */
export const createBody = z.strictObject({
  name: nameText,
  local_name: z.optional(removableNameText),
  disabled: z.optional(z.nullable(disabled)),
  integration_meta: z.optional(z.nullable(integrationMeta)),
  company_namespace: z.optional(z.nullable(namespaces)),
});

/**
 * The fields that the service sets itself. Clients may send back the document that they read, so an update accepts them with
 * any value, and ignores them. An `_id` that is a string must be that of the channel.
 */
export const serverFields = {
  _id: z.unknown(),
  createdAt: z.unknown(),
  updatedAt: z.unknown(),
  __v: z.unknown(),
};

export const updateBody = z.strictObject({
  name: z.optional(nameText),
  local_name: z.optional(removableNameText),
  disabled: z.optional(disabled),
  integration_meta: z.optional(z.nullable(integrationMeta)),
  company_namespace: z.optional(namespaces),
  _id: z.optional(serverFields._id),
  createdAt: z.optional(serverFields.createdAt),
  updatedAt: z.optional(serverFields.updatedAt),
  __v: z.optional(serverFields.__v),
});

export const mergePatchBody = z.extend(updateBody, {
  integration_meta: z.optional(z.nullable(integrationMetaPatch)),
});

/** The fields of a new channel. Null is the same as absent. */
export type CreateChannelInput = z.infer<typeof createBody>;
/** The fields that an update sets. An absent field stays as it is; null removes it. */
export type ChannelPatch = Omit<z.infer<typeof updateBody>, keyof typeof serverFields>;

/** A change that depends on the stored channel: it is made anew for each version that the write meets. */
export type PatchOf = (channel: Channel) => ChannelPatch;

/** What clients send beside the metadata by mistake. */
const pathsInMeta = ['integration_meta.external_id', 'integration_meta.id'];

const unknownField = (name: string, known: string[], owner: string): string => {
  if (Object.hasOwn(serverFields, name)) return 'is set by the service: leave it out';
  const meant = similarName(name, known.includes('integration_meta') ? [...known, ...pathsInMeta] : known);
  return `is not a field of ${owner}${meant ? ` (did you mean ${meant}?)` : ''}`;
};

const toDetails = (issues: z.core.$ZodIssue[], body: object, known: string[], owner: string): ErrorDetail[] =>
  issues.flatMap((issue): ErrorDetail[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: key, message: unknownField(key, known, owner) }));
    const [field] = issue.path;
    const message = field !== undefined && !Object.hasOwn(body, field) ? 'is required' : issue.message;
    return [{ path: issue.path.join('.'), message }];
  });

/**
 * Parses a JSON object with a schema.
 * @param what what the object is to the client
 * @param owner what has no field of that name, in the message for an unknown field
 * @throws ApiError `invalid_request` with all problems
 */
export const parseObject = <Schema extends z.ZodMiniObject>(
  schema: Schema,
  body: unknown,
  what = 'body',
  owner = 'this operation',
): z.infer<Schema> => {
  if (!isObject(body)) throw new ApiError('invalid_request', `The ${what} must be a JSON object.`);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const details = toDetails(parsed.error.issues, body, Object.keys(schema.shape), owner);
  throw invalidRequest('field', details as [ErrorDetail, ...ErrorDetail[]]);
};

/**
 * Parses the body of a creation.
 * @throws ApiError `invalid_request` with all problems.
 */
export const parseCreateBody = (body: unknown): CreateChannelInput => parseObject(createBody, body);

const parseChange = <Schema extends z.ZodMiniObject>(schema: Schema, body: unknown, id: string) => {
  const { _id, createdAt, updatedAt, __v, ...patch } = parseObject(schema, body);
  if (!Object.keys(body as object).length)
    throw new ApiError('invalid_request', 'The body must contain at least one field to change.');
  if (typeof _id === 'string' && _id.toLowerCase() !== id.toLowerCase())
    throw invalidRequest('field', [{ path: '_id', message: 'must be the id in the path' }]);
  return patch;
};

/**
 * Parses the body of an update.
 * @param id the id in the path; an `_id` in the body must be the same
 * @throws ApiError `invalid_request` with all problems, also for a body without a field.
 */
export const parseUpdateBody = (body: unknown, id: string): ChannelPatch => parseChange(updateBody, body, id);

/**
 * Parses the body of a merge patch (RFC 7396). It is like that of an update, but `integration_meta` is merged.
 * @param id the id in the path; an `_id` in the body must be the same
 * @throws ApiError `invalid_request` with all problems, also for a body without a field.
 */
export const parseMergePatch = (body: unknown, id: string): ChannelPatch | PatchOf => {
  const { integration_meta, ...patch } = parseChange(mergePatchBody, body, id);
  if (integration_meta === undefined) return patch;
  return integration_meta === null ? { ...patch, integration_meta } : mergeIntoMeta(patch, integration_meta);
};
