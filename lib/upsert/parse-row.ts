import * as z from 'zod/mini';
import { invalidRequest } from '../api-error.ts';
import { createBody, integrationMetaPatch, nameText, parseObject } from '../channels/body-schema.ts';
import { type ExternalKeyPath, textsOfNoId } from '../channels/external-keys.ts';
import { isObject } from '../channels/is-object.ts';
import { scalarAt } from '../channels/scalar-at.ts';
import { isBlank } from '../text/blank.ts';
import type { Where } from './upsert-request.ts';

/** A channel that an upsert creates or changes. The name is needed only for a new channel. */
export const upsertFields = z.extend(createBody, {
  name: z.optional(nameText),
  integration_meta: integrationMetaPatch,
});

/** A deletion by key. */
const deleteRow = z.strictObject({
  delete: z.literal(true, 'must be true, or absent'),
  integration_meta: integrationMetaPatch,
});

export type UpsertFields = z.infer<typeof upsertFields>;

/** A row of an upsert, with the text that a channel must have where the rows carry their keys. */
export type Row =
  | { kind: 'upsert'; matchValue: string; fields: UpsertFields }
  | { kind: 'delete'; matchValue: string };

/** Texts that programs send in place of a missing id. As keys, they would join records that have nothing in common. */
const noIds = [...textsOfNoId, 'undefined'];

type ParsedKey = { value: string } | { problem: string };

const parseKey = (meta: object, path: ExternalKeyPath): ParsedKey => {
  const value = Object.hasOwn(meta, path) ? (meta as Record<string, unknown>)[path] : undefined;
  if (value === undefined) return { problem: 'is required, because it names the channel' };
  if (typeof value !== 'string' && typeof value !== 'number')
    return { problem: 'must be a string or a number' };
  const text = String(value);
  if (isBlank(text)) return { problem: 'must not be blank' };
  if (noIds.includes(text))
    return { problem: `must not be the text "${text}", which stands for a missing id` };
  return { value: text };
};

/** @throws ApiError `invalid_request` */
const readKey = (meta: object, path: ExternalKeyPath): string => {
  const key = parseKey(meta, path);
  if ('value' in key) return key.value;
  throw invalidRequest('field', [{ path: `integration_meta.${path}`, message: key.problem }]);
};

/** The text of the key of a row, which may be wrong in other respects. Undefined if it has no key. */
export const keyOfRow = (row: unknown, path: ExternalKeyPath): string | undefined => {
  if (!isObject(row) || !('integration_meta' in row) || !isObject(row.integration_meta)) return undefined;
  const key = parseKey(row.integration_meta, path);
  return 'value' in key ? key.value : undefined;
};

/**
 * Checks that a deletion has no metadata beside its key: it would look like a condition, and would not be one. Only what
 * `where` demands of the channel may be repeated.
 * @throws ApiError `invalid_request`
 */
const checkOnlyKey = (meta: object, path: ExternalKeyPath, where: Where | undefined): void => {
  const repeated = where && scalarAt(meta, where.path) === where.value ? where.path[0] : undefined;
  const [first, ...others] = Object.keys(meta)
    .filter((key) => key !== path && key !== repeated)
    .map((key) => ({
      path: `integration_meta.${key}`,
      message: 'must be absent, because a deletion looks at its key only: conditions belong in "where"',
    }));
  if (first) throw invalidRequest('field', [first, ...others]);
};

/** What all rows of a request share. */
export interface RowContext {
  /** Where the rows carry their keys. */
  match: ExternalKeyPath;
  /** The namespace of the request. A row may not leave it out. */
  namespace: string;
  where: Where | undefined;
}

/**
 * Parses one row of an upsert.
 * @throws ApiError `invalid_request`
 */
export const parseRow = (row: unknown, { match: path, namespace, where }: RowContext): Row => {
  if (isObject(row) && Object.hasOwn(row, 'delete')) {
    const { integration_meta } = parseObject(
      deleteRow,
      row,
      'row',
      'a deletion, which has only integration_meta',
    );
    const matchValue = readKey(integration_meta, path);
    checkOnlyKey(integration_meta, path, where);
    return { kind: 'delete', matchValue };
  }
  const fields = parseObject(upsertFields, row, 'row');
  const matchValue = readKey(fields.integration_meta, path);
  if (fields.company_namespace && !fields.company_namespace.includes(namespace))
    throw invalidRequest('field', [
      { path: 'company_namespace', message: `must contain "${namespace}", the namespace of the request` },
    ]);
  return { kind: 'upsert', matchValue, fields };
};
