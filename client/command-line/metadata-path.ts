import { wrong } from './command-error.ts';

/** A path in the metadata and the text at it, as `--where` names them. */
export interface Where {
  path: string[];
  value: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The scalar at a path of metadata, as text: the service compares scalars as text. */
export const scalarAt = (meta: unknown, path: string[]): string | undefined => {
  let value = meta;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  const isScalar = value !== undefined && (typeof value !== 'object' || value === null);
  return isScalar ? String(value) : undefined;
};

/** @throws CommandError if the text is not `integration_meta.<path>=<value>` */
export const parseWhere = (text: string | undefined): Where => {
  const [, path, value] = /^integration_meta\.([^=]+)=(.*)$/s.exec(text ?? '') ?? [];
  if (path === undefined || value === undefined || value.trim() === '' || path.split('.').includes(''))
    throw wrong('--where is a path in the metadata with its value, for example integration_meta.source=sap.');
  return { path: path.split('.'), value };
};

export const nameOfPath = (path: string[]): string => ['integration_meta', ...path].join('.');

/** @returns undefined if another value stands in the way */
const filled = (meta: unknown, [key = '', ...deeper]: string[], value: string): object | undefined => {
  if (!isObject(meta)) return undefined;
  const inner = Object.hasOwn(meta, key) ? meta[key] : undefined;
  if (deeper.length) {
    const result = filled(inner === undefined ? {} : inner, deeper, value);
    return result && { ...meta, [key]: result };
  }
  if (inner === undefined) return { ...meta, [key]: value };
  return scalarAt(meta, [key]) === value ? meta : undefined;
};

/**
 * Adds the value of a condition to the metadata of a row, if the row has nothing at its path. If the row has not even the
 * first key of the path, the service adds the value: here it could replace other values below that key.
 * @returns undefined if the row has another value there
 */
export const withWhere = (meta: unknown, { path, value }: Where): unknown =>
  isObject(meta) && Object.hasOwn(meta, path[0] ?? '') ? filled(meta, path, value) : meta;
