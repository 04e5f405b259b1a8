import { invalidRequest } from '../api-error.ts';
import type { ChannelPatch, CreateChannelInput } from '../channels/body-schema.ts';
import type { Channel } from '../channels/channel.ts';
import { toMetaText } from '../channels/integration-meta.ts';
import { isObject } from '../channels/is-object.ts';
import { scalarAt } from '../channels/scalar-at.ts';
import type { UpsertFields } from './parse-row.ts';
import { RowError } from './row-error.ts';
import type { Where } from './upsert-request.ts';

/** The message does not repeat the condition: it may be long, and every row may fail with it. */
const outsideWhere = (problem: string) =>
  new RowError('outside_where', `${problem} at the path that "where" names.`);

/** Keys of objects are data, also `__proto__`. So objects are made of entries, and never by assignment. */
const withEntry = (object: object, key: string, value: unknown): object =>
  Object.fromEntries([...Object.entries(object).filter(([each]) => each !== key), [key, value]]);

/** The top level of metadata merged with that of a row: several connectors share the object. `null` removes a key. */
const mergeTopLevel = (meta: object, changes: object): object => {
  const replaced = Object.entries(meta).filter(([key]) => !Object.hasOwn(changes, key));
  return Object.fromEntries([...replaced, ...Object.entries(changes).filter(([, value]) => value !== null)]);
};

/** Metadata with a text at a path. @throws RowError `outside_where` if another value stands in the way */
const withValueAt = (meta: object, where: Where, [key, ...deeper] = where.path): object => {
  const name = key as string;
  const inner: unknown = Object.hasOwn(meta, name) ? (meta as Record<string, unknown>)[name] : undefined;
  if (!deeper.length) {
    if (inner === undefined) return withEntry(meta, name, where.value);
    if (scalarAt(meta, [name]) === where.value) return meta;
  } else if (inner === undefined || isObject(inner)) {
    return withEntry(meta, name, withValueAt(inner ?? {}, where, deeper));
  }
  throw outsideWhere('The row has another value');
};

/** Whether a condition selects the metadata (JSON text) of a channel. Without a condition, it selects every channel. */
export const isSelectedBy = (where: Where | undefined, meta = '{}'): boolean =>
  !where || scalarAt(JSON.parse(meta), where.path) === where.value;

/** Checks that a condition selects the metadata (JSON text) of a channel. @throws RowError `outside_where` */
export const checkWhere = (where: Where | undefined, meta: string | undefined, problem: string): void => {
  if (!isSelectedBy(where, meta)) throw outsideWhere(problem);
};

/**
 * The channel that a row creates. It gets the value of the condition.
 * @throws ApiError `invalid_request` without a name, or for metadata over 64 KiB; RowError `outside_where`
 */
export const toNewChannel = (fields: UpsertFields, where: Where | undefined): CreateChannelInput => {
  const { name, integration_meta, ...others } = fields;
  if (name === undefined)
    throw invalidRequest('field', [
      { path: 'name', message: 'is required, because no channel carries this key yet' },
    ]);
  const meta = mergeTopLevel({}, integration_meta);
  return { ...others, name, integration_meta: toMetaText(where ? withValueAt(meta, where) : meta) };
};

/**
 * The change that a row makes to the channel that it matches. Absent fields stay. So does a field that is null, apart from
 * `local_name`, which null removes.
 * @throws ApiError `invalid_request` for merged metadata over 64 KiB; RowError `outside_where`
 */
export const toPatch = (fields: UpsertFields, channel: Channel, where: Where | undefined): ChannelPatch => {
  checkWhere(
    where,
    channel.integration_meta,
    'All sources share one set of keys: the channel with this key has another value, or none,',
  );
  const { name, local_name, disabled, company_namespace } = fields;
  const merged = mergeTopLevel(JSON.parse(channel.integration_meta ?? '{}'), fields.integration_meta);
  const integration_meta = toMetaText(merged, ' after the merge');
  checkWhere(where, integration_meta, 'The row would change the value');
  return {
    ...(name !== undefined && { name }),
    ...(local_name !== undefined && { local_name }),
    ...(disabled != null && { disabled }),
    ...(company_namespace && { company_namespace }),
    integration_meta,
  };
};
