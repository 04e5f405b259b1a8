import { nameOf, type Parameter } from './raw-parameters.ts';
import { isAbsent } from '../parameters/absent.ts';
import { isRecord, parseJson } from '../parameters/forms.ts';
import { mostValues, type Reader, type Refuse } from './parser.ts';

/** A scalar of `integration_meta`, compared as text. */
export interface MetaCondition {
  path: string[];
  value: string;
}

export const metaName = 'integration_meta';

/** Stored no deeper. */
const mostLevels = 16;

/** Whether a name is `integration_meta`, with or without levels behind dots. */
export const isMetaName = (root: string): boolean => root === metaName || root.startsWith(`${metaName}.`);

/** Reads up to 100 conditions of up to 16 levels: by dots, by brackets, in JSON, or all of these. */
export const metaConditions: Reader<MetaCondition[]> = (given, refuse) => {
  const conditions = new Map<string, MetaCondition>();
  for (const { path, value } of given) {
    const name = nameOf(path);
    for (const condition of metaOf(path, value, name, refuse) ?? []) {
      const key = JSON.stringify(condition.path);
      if (conditions.has(key)) refuse(name, 'takes one value, and was given more');
      conditions.set(key, condition);
    }
  }
  if (conditions.size > mostValues) {
    return refuse(metaName, `takes at most ${mostValues} conditions, and was given ${conditions.size}`);
  }
  return conditions.size > 0 ? [...conditions.values()] : undefined;
};

/**
 * The conditions of one parameter. Dots separate levels before the first bracket; keys in brackets and JSON are
 * literal, `__proto__` and the empty one included.
 */
const metaOf = (
  [root, ...keys]: Parameter['path'],
  value: string,
  name: string,
  refuse: Refuse,
): MetaCondition[] | undefined => {
  const [, ...levels] = root.split('.');
  if (levels.includes('')) return refuse(name, 'must have a key between and behind its dots');
  if (/[[\]]/.test(root)) return refuse(name, 'may have brackets behind its dots, and not between them');
  if (isAbsent(value)) return undefined;
  if (levels.length + keys.length > 0) return leavesOf(value, [...levels, ...keys], name, refuse);
  const parsed = parseJson(value);
  if (!isRecord(parsed)) {
    return refuse(name, `must be a JSON object, or name a key as in ${metaName}.external_id=…`);
  }
  return isEmpty(parsed) ? undefined : leavesOf(parsed, [], name, refuse);
};

/** Every scalar in a value, as text. An empty object has none: to leave it out would be to list everything. */
const leavesOf = (
  value: unknown,
  path: string[],
  name: string,
  refuse: Refuse,
): MetaCondition[] | undefined => {
  if (path.length > mostLevels) return refuse(name, `may go ${mostLevels} levels deep at most`);
  if (typeof value !== 'object' || value === null) return [{ path, value: String(value) }];
  if (!isRecord(value) || isEmpty(value)) {
    return refuse(
      name,
      'may ask for strings, numbers, booleans and null, and not for lists or empty objects',
    );
  }
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key], name, refuse) ?? []);
};

const isEmpty = (record: Record<string, unknown>): boolean => Object.keys(record).length === 0;
