import { isObject } from '../../channels/is-object.ts';
import { type AddIssue, maxValues, type Parser } from './parser.ts';
import { isAbsent, nameFromPath, parseJson, type RawParameter } from './raw-parameters.ts';

/** A condition on `integration_meta`: the scalar at a path equals a value. Both are compared as text. */
export interface MetadataFilter {
  path: string[];
  value: string;
}

export const metaName = 'integration_meta';

/** Stored metadata is not deeper. */
const maxDepth = 16;

/** Whether a name is `integration_meta`, or begins with it and a dot. */
export const isMetaName = (root: string): boolean => root === metaName || root.startsWith(`${metaName}.`);

/** Parses up to 100 conditions of up to 16 levels, written with dots, with brackets, as JSON, or mixed. */
export const metadataFilters: Parser<MetadataFilter[]> = (raw, addIssue) => {
  const filters = new Map<string, MetadataFilter>();
  for (const { path, value } of raw) {
    const name = nameFromPath(path);
    for (const filter of filtersOf(path, value, name, addIssue) ?? []) {
      const key = JSON.stringify(filter.path);
      if (filters.has(key)) addIssue(name, 'takes one value, but was given several');
      filters.set(key, filter);
    }
  }
  if (filters.size > maxValues) {
    return addIssue(metaName, `takes at most ${maxValues} conditions, but was given ${filters.size}`);
  }
  return filters.size > 0 ? [...filters.values()] : undefined;
};

/**
 * The conditions of one parameter. Dots separate levels only before the first bracket. Keys in brackets and in JSON are
 * literal: a dot is part of the key, and `__proto__` and the empty key are keys like any other.
 */
const filtersOf = (
  [root, ...keys]: RawParameter['path'],
  value: string,
  name: string,
  addIssue: AddIssue,
): MetadataFilter[] | undefined => {
  const [, ...levels] = root.split('.');
  if (levels.includes('')) return addIssue(name, 'must have a key after each dot');
  if (/[[\]]/.test(root)) return addIssue(name, 'may have brackets only after its last dot');
  if (isAbsent(value)) return undefined;
  if (levels.length + keys.length > 0) return leavesOf(value, [...levels, ...keys], name, addIssue);
  const parsed = parseJson(value);
  if (!isObject(parsed)) {
    return addIssue(name, `must be a JSON object, or must name a key, as in ${metaName}.external_id=…`);
  }
  return isEmpty(parsed) ? undefined : leavesOf(parsed, [], name, addIssue);
};

/**
 * A condition for each scalar in a value. An empty object inside has no scalar and is an error: without a condition, the
 * list would hold every channel.
 */
const leavesOf = (
  value: unknown,
  path: string[],
  name: string,
  addIssue: AddIssue,
): MetadataFilter[] | undefined => {
  if (path.length > maxDepth) return addIssue(name, `may have at most ${maxDepth} levels`);
  if (typeof value !== 'object' || value === null) return [{ path, value: String(value) }];
  if (!isObject(value) || isEmpty(value)) {
    return addIssue(
      name,
      'may contain strings, numbers, booleans and null, but no lists and no empty objects',
    );
  }
  return Object.entries(value).flatMap(
    ([key, inner]) => leavesOf(inner, [...path, key], name, addIssue) ?? [],
  );
};

const isEmpty = (record: Record<string, unknown>): boolean => Object.keys(record).length === 0;
