import * as z from 'zod/mini';
import { ApiError } from '../api-error.ts';
import { parseObject } from '../channels/body-schema.ts';
import type { ExternalKeyPath } from '../channels/external-keys.ts';
import { isObject } from '../channels/is-object.ts';
import { maxMetaDepth } from '../channels/scalar-at.ts';
import { isBlank } from '../text/blank.ts';

export const maxRows = 100;

/** A condition on `integration_meta`: the scalar at a path equals a text. An upsert may touch no other channel. */
export interface Where {
  path: string[];
  value: string;
}

/** The request of an upsert. Its rows are not parsed yet, because a wrong row fails alone. */
export interface UpsertRequest {
  match: ExternalKeyPath;
  rows: unknown[];
  dryRun: boolean;
  where: Where | undefined;
}

const metaPrefix = 'integration_meta.';

const where = z.pipe(
  z.custom<Record<string, unknown>>(isObject, 'must be an object, as in {"integration_meta.source": "sap"}'),
  z.transform((value, context): Where => {
    const refuse = (message: string, path: string[] = []) => {
      context.issues.push({ code: 'custom', input: value, message, path });
      return z.NEVER;
    };
    const [entry, ...others] = Object.entries(value);
    if (!entry || others.length) return refuse('must have exactly one path, as in "integration_meta.source"');
    const [name, text] = entry;
    const path = name.slice(metaPrefix.length).split('.');
    if (!name.startsWith(metaPrefix) || path.includes(''))
      return refuse('must be a path in the metadata, as in "integration_meta.source"', [name]);
    if (path.length > maxMetaDepth) return refuse(`may have at most ${maxMetaDepth} levels`, [name]);
    if (typeof text !== 'string' || isBlank(text))
      return refuse('must be a string that is not blank', [name]);
    return { path, value: text };
  }),
);

export const upsertBody = z.strictObject({
  match: z.optional(
    z.enum(
      ['integration_meta.external_id', 'integration_meta.id'],
      'must be "integration_meta.external_id" or "integration_meta.id"',
    ),
  ),
  channels: z
    .array(z.unknown(), 'must be an array')
    .check(
      z.minLength(1, 'must hold at least one row'),
      z.maxLength(maxRows, `must hold at most ${maxRows} rows: send the rest in further requests`),
    ),
  dry_run: z.optional(z.boolean('must be true or false')),
  where: z.optional(where),
});

/**
 * Parses the body of an upsert, without its rows.
 * @throws ApiError `invalid_request` with all problems
 */
export const parseUpsertRequest = (body: unknown): UpsertRequest => {
  if (Array.isArray(body))
    throw new ApiError(
      'invalid_request',
      'The body must be a JSON object: send the rows as {"channels": […]}.',
    );
  const { match, channels, dry_run, where } = parseObject(upsertBody, body);
  return {
    match: match === 'integration_meta.id' ? 'id' : 'external_id',
    rows: channels,
    dryRun: dry_run ?? false,
    where,
  };
};
