import * as z from 'zod/mini';
import { ApiError, type ErrorDetail, invalidRequest } from '../api-error.ts';
import { namespaceFormat } from '../auth/namespace-format.ts';
import { isBlank } from '../text/blank.ts';
import { similarName } from '../text/similar-name.ts';
import { serializeIntegrationMeta } from './integration-meta.ts';
import { isObject } from './is-object.ts';

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
    context.issues.push({ code: 'custom', message: result.problem, input: value });
    return z.NEVER;
  }),
);

const removableIntegrationMeta = z.nullable(integrationMeta);

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

export const createBody = z.strictObject({
  name: nameText,
  local_name: z.optional(nameText),
  disabled: z.optional(disabled),
  integration_meta: z.optional(integrationMeta),
  company_namespace: z.optional(namespaces),
});

export const updateBody = z.strictObject({
  name: z.optional(nameText),
  local_name: z.optional(removableNameText),
  disabled: z.optional(disabled),
  integration_meta: z.optional(removableIntegrationMeta),
  company_namespace: z.optional(namespaces),
  // Clients may send back the document that they read. The service ignores these fields: it sets them itself.
  _id: z.optional(z.string('must be a string')),
  createdAt: z.optional(z.string('must be a string')),
  updatedAt: z.optional(z.string('must be a string')),
  __v: z.optional(z.int('must be an integer')),
});

export type CreateChannelInput = z.infer<typeof createBody>;
/** The fields that an update sets. An absent field stays as it is; null removes it. */
export type ChannelPatch = Omit<z.infer<typeof updateBody>, '_id' | 'createdAt' | 'updatedAt' | '__v'>;

const unknownField = (name: string, known: string[]): string => {
  const meant = similarName(name, known);
  return `is not a field of this operation${meant ? ` (did you mean ${meant}?)` : ''}`;
};

const toDetails = (issues: z.core.$ZodIssue[], body: object, known: string[]): ErrorDetail[] =>
  issues.flatMap((issue): ErrorDetail[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: key, message: unknownField(key, known) }));
    const [field] = issue.path;
    const message = field !== undefined && !Object.hasOwn(body, field) ? 'is required' : issue.message;
    return [{ path: issue.path.join('.'), message }];
  });

const parse = <Schema extends z.ZodMiniObject>(schema: Schema, body: unknown): z.infer<Schema> => {
  if (!isObject(body)) throw new ApiError('invalid_request', 'The body must be a JSON object.');
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const details = toDetails(parsed.error.issues, body, Object.keys(schema.shape));
  throw invalidRequest('field', details as [ErrorDetail, ...ErrorDetail[]]);
};

/**
 * Parses the body of a creation.
 * @throws ApiError `invalid_request` with all problems.
 */
export const parseCreateBody = (body: unknown): CreateChannelInput => parse(createBody, body);

/**
 * Parses the body of an update.
 * @param id the id in the path; an `_id` in the body must be the same
 * @throws ApiError `invalid_request` with all problems, also for a body without a field.
 */
export const parseUpdateBody = (body: unknown, id: string): ChannelPatch => {
  const { _id, createdAt, updatedAt, __v, ...patch } = parse(updateBody, body);
  if (!Object.keys(body as object).length)
    throw new ApiError('invalid_request', 'The body must contain at least one field to change.');
  if (_id !== undefined && _id.toLowerCase() !== id.toLowerCase())
    throw invalidRequest('field', [{ path: '_id', message: 'must be the id in the path' }]);
  return patch;
};
