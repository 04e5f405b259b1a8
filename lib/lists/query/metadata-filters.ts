import { nameOf, type RawParameter } from './raw-parameters.ts';
import { isAbsent } from '../parameters/absent.ts';
import { isRecord, parseJson } from '../parameters/forms.ts';
import { maxValues, type Parser, type AddIssue } from './parser.ts';

/** A scalar of `integration_meta`, compared as text. */
export interface MetadataFilter {
  path: string[];
  value: string;
}

export const metaName = 'integration_meta';

/** Stored no deeper. */
const maxDepth = 16;

/** Whether a name is `integration_meta`, with or without levels behind dots. */
export const isMetaName = (root: string): boolean => root === metaName || root.startsWith(`${metaName}.`);

/** Reads up to 100 conditions of up to 16 levels: by dots, by brackets, in JSON, or all of these. */
export const metadataFilters: Parser<MetadataFilter[]> = (raw, addIssue) => {
  const filters = new Map<string, MetadataFilter>();
  for (const { path, value } of raw) {
    const name = nameOf(path);
    for (const filter of filtersOf(path, value, name, addIssue) ?? []) {
      const key = JSON.stringify(filter.path);
      if (filters.has(key)) addIssue(name, 'takes one value, and was given more');
      filters.set(key, filter);
    }
  }
  if (filters.size > maxValues) {
    return addIssue(metaName, `takes at most ${maxValues} conditions, and was given ${filters.size}`);
  }
  return filters.size > 0 ? [...filters.values()] : undefined;
};

/**
 * The conditions of one parameter. Dots separate levels before the first bracket; keys in brackets and JSON are
 * literal, `__proto__` and the empty one included.
 */
const filtersOf = (
  [root, ...keys]: RawParameter['path'],
  value: string,
  name: string,
  addIssue: AddIssue,
): MetadataFilter[] | undefined => {
  const [, ...levels] = root.split('.');
  if (levels.includes('')) return addIssue(name, 'must have a key between and behind its dots');
  if (/[[\]]/.test(root)) return addIssue(name, 'may have brackets behind its dots, and not between them');
  if (isAbsent(value)) return undefined;
  if (levels.length + keys.length > 0) return leavesOf(value, [...levels, ...keys], name, addIssue);
  const parsed = parseJson(value);
  if (!isRecord(parsed)) {
    return addIssue(name, `must be a JSON object, or name a key as in ${metaName}.external_id=…`);
  }
  return isEmpty(parsed) ? undefined : leavesOf(parsed, [], name, addIssue);
};

/** Every scalar in a value, as text. An empty object has none: to leave it out would be to list everything. */
const leavesOf = (
  value: unknown,
  path: string[],
  name: string,
  addIssue: AddIssue,
): MetadataFilter[] | undefined => {
  if (path.length > maxDepth) return addIssue(name, `may go ${maxDepth} levels deep at most`);
  if (typeof value !== 'object' || value === null) return [{ path, value: String(value) }];
  if (!isRecord(value) || isEmpty(value)) {
    return addIssue(
      name,
      'may ask for strings, numbers, booleans and null, and not for lists or empty objects',
    );
  }
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key], name, addIssue) ?? []);
};

const isEmpty = (record: Record<string, unknown>): boolean => Object.keys(record).length === 0;
