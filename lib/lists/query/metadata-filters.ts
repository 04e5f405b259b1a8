import { isObject } from '../../channels/is-object.ts';
import { maxMetaDepth } from '../../channels/scalar-at.ts';
import { repeatedKey } from '../../repeated-key.ts';
import { type AddIssue, maxValues, type Parser } from './parser.ts';
import { isAbsent, isListIndex, nameFromPath, parseJson, type RawParameter } from './raw-parameters.ts';

/** A condition on `integration_meta`: the scalar at a path equals one of the values. They are compared as text. */
export interface MetadataFilter {
  path: string[];
  /** Different values, sorted, so that equal filters are equal. An empty list matches nothing. */
  values: string[];
}

export const metaName = 'integration_meta';

/** Whether a name is `integration_meta`, or begins with it and a dot. */
export const isMetaName = (root: string): boolean => root === metaName || root.startsWith(`${metaName}.`);

/**
 * Parses up to 100 conditions of up to 16 levels, each with up to 100 values, written with dots, with brackets, as JSON,
 * or mixed. A filter without a value, or with an operator of a query language, is an error: to leave it out would list
 * every channel, and to compare it as text would find nothing.
 */
export const metadataFilters: Parser<MetadataFilter[]> = (raw, addIssue) => {
  const filters = new Map<string, { path: string[]; values: Set<string> }>();
  for (const parameter of raw) {
    for (const { path, values } of filtersOf(parameter, addIssue) ?? []) {
      const key = JSON.stringify(path);
      filters.set(key, { path, values: new Set([...(filters.get(key)?.values ?? []), ...values]) });
    }
  }
  if (filters.size > maxValues) {
    return addIssue(metaName, `takes at most ${maxValues} conditions, but was given ${filters.size}`);
  }
  return [...filters.values()].map(({ path, values }) => {
    if (values.size > maxValues)
      addIssue(
        [metaName, ...path].join('.'),
        `takes at most ${maxValues} values, but was given ${values.size}`,
      );
    return { path, values: [...values].sort() };
  });
};

const noValue =
  'has no value: a metadata filter needs one, because without it the list would hold every channel';
const noOperators = 'there are no operators, and several values mean any of them';
const onlyScalars = 'may list strings, numbers and booleans, but no lists and no objects';

/**
 * The conditions of one parameter. Dots separate levels only before the first bracket. Keys in brackets and in JSON are
 * literal: a dot is part of the key, and `__proto__` is a key like any other. Brackets at the end that are empty or hold
 * digits are a list.
 */
const filtersOf = (
  { path: [root, ...brackets], value }: RawParameter,
  addIssue: AddIssue,
): MetadataFilter[] | undefined => {
  const name = nameFromPath([root, ...brackets]);
  const [, ...levels] = root.split('.');
  if (levels.includes('')) return addIssue(name, 'must have a key after each dot');
  if (/[[\]]/.test(root)) return addIssue(name, 'may have brackets only after its last dot');
  if (isAbsent(value)) return addIssue(name, noValue);

  const isElement = isList(brackets);
  const keys = isElement ? brackets.slice(0, -1) : brackets;
  if (isList(keys)) return addIssue(name, onlyScalars);
  const path = [...levels, ...keys];
  if (path.length > 0) {
    const problem = problemOf(path);
    if (problem) return addIssue(name, problem);
    const values = valuesOf(value, isElement, name, addIssue);
    return values && [{ path, values }];
  }
  const parsed = parseJson(value);
  if (isElement || !isObject(parsed)) {
    return addIssue(name, `must be a JSON object, or must name a key, as in ${metaName}.external_id=…`);
  }
  const key = repeatedKey(value);
  if (key !== undefined) return addIssue(name, `holds the key ${JSON.stringify(key)} twice in one object`);
  return leavesOf(parsed, [], addIssue);
};

const isList = (keys: string[]): boolean => keys.length > 0 && isListIndex(keys.at(-1) as string);

/** The value of a key, or the values if it is a JSON list. @param isElement whether it is one element of a list */
const valuesOf = (
  text: string,
  isElement: boolean,
  name: string,
  addIssue: AddIssue,
): string[] | undefined => {
  const parsed = /^\s*[[{]/.test(text) ? parseJson(text) : undefined;
  if (isObject(parsed) || text === '[object Object]') {
    return addIssue(name, `must be text, or a list of texts: ${noOperators}`);
  }
  if (!Array.isArray(parsed)) return [text];
  return isElement ? addIssue(name, onlyScalars) : textsOf(parsed, name, addIssue);
};

/** The texts of a JSON list of scalars. */
const textsOf = (list: unknown[], name: string, addIssue: AddIssue): string[] | undefined => {
  if (!list.every(isScalar)) return addIssue(name, onlyScalars);
  return list.some(isEmpty) ? addIssue(name, 'lists an empty value') : list.map(String);
};

/** A condition for each scalar, and for each list of scalars, in a JSON value. */
const leavesOf = (value: unknown, path: string[], addIssue: AddIssue): MetadataFilter[] | undefined => {
  const name = [metaName, ...path].join('.');
  const problem = problemOf(path);
  if (problem) return addIssue(name, problem);
  if (isEmpty(value)) return addIssue(name, noValue);
  if (isScalar(value)) return [{ path, values: [String(value)] }];
  if (Array.isArray(value)) {
    const values = textsOf(value, name, addIssue);
    return values && [{ path, values }];
  }
  const entries = Object.entries(value as object);
  if (entries.length === 0) return addIssue(name, noValue);
  return entries.flatMap(([key, inner]) => leavesOf(inner, [...path, key], addIssue) ?? []);
};

const problemOf = (path: string[]): string | undefined => {
  if (path.length > maxMetaDepth) return `may have at most ${maxMetaDepth} levels`;
  return path.some((key) => key.startsWith('$')) ? `has a key that begins with $: ${noOperators}` : undefined;
};

/** A connector with a blank code sends one of these. In JSON, every other text means itself. */
const isEmpty = (value: unknown): boolean => value === '' || value === null;

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;
