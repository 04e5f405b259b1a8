import { isObject } from '../../channels/is-object.ts';
import type { AddIssue, Parser } from './parser.ts';
import { isAbsent, isListIndex, nameFromPath, parseJson, type RawParameter } from './raw-parameters.ts';
import type { ValueParser } from './value-parsers.ts';

/** The fields by which a list can be sorted. */
export const sortFields = ['_id', 'name', 'local_name', 'disabled', 'createdAt', 'updatedAt'] as const;

type SortField = (typeof sortFields)[number];

export interface SortTerm {
  field: SortField;
  descending: boolean;
}

const sortFieldOf = (text: unknown): SortField | undefined => sortFields.find((field) => field === text);

/** The value of `sort`: `name`, or `-name` for descending. */
export const sortTerm: ValueParser<SortTerm> = {
  accepted: `one of ${sortFields.join(', ')}, with a leading - for descending`,
  parse: (text) => {
    const descending = text.startsWith('-');
    const field = sortFieldOf(descending ? text.slice(1) : text);
    return field && { field, descending };
  },
};

/** Parses `sortBy`, written in any form of a list of fields and types. No field may occur twice. */
export const sortByTerms: Parser<SortTerm[]> = (raw, addIssue) => {
  const terms: SortTerm[] = [];
  for (const element of sortElements(raw, addIssue)) {
    const path = `sortBy[${element.index}]`;
    const term = sortTermOf(element, path, addIssue);
    if (term === undefined) continue;
    if (terms.some(({ field }) => field === term.field)) addIssue(path, `repeats the field ${term.field}`);
    else terms.push(term);
  }
  return terms;
};

const sortTermOf = ({ parts }: SortElement, path: string, addIssue: AddIssue): SortTerm | undefined => {
  for (const part of parts.keys()) {
    if (!isSortPart(part)) addIssue(path, `may have a field and a type, but no ${part}`);
  }
  const field = sortFieldOf(parts.get('field'));
  const type = parts.get('type');
  if (field === undefined) addIssue(path, `must have a field, one of ${sortFields.join(', ')}`);
  if (!isAbsent(type) && type !== 'asc' && type !== 'desc') {
    return addIssue(path, 'must have the type asc or desc');
  }
  return field && { field, descending: type === 'desc' };
};

type SortPart = 'field' | 'type';

const isSortPart = (key: string | undefined): key is SortPart => key === 'field' || key === 'type';

interface SortElement {
  /** The index from the brackets. Without one, the number of elements that came before. */
  index: number;
  parts: Map<string, unknown>;
}

/** The elements of `sortBy` that were found so far. */
interface SortElements {
  all: SortElement[];
  /**
   * Elements that come in parts (`sortBy[0][field]`), by the key in their first brackets. The next part is added to the
   * element found here.
   */
  inParts: Map<string | undefined, SortElement>;
}

const sortElementMessage =
  'must be a list of {"field": …, "type": …}: in JSON, or as sortBy[0][field]=name&sortBy[0][type]=desc';

/** Brings every form of `sortBy` to a list of elements. */
const sortElements = (raw: RawParameter[], addIssue: AddIssue): SortElement[] => {
  const elements: SortElements = { all: [], inParts: new Map() };
  for (const parameter of raw) {
    const target = targetOf(parameter.path);
    if (target === undefined) addIssue(nameFromPath(parameter.path), sortElementMessage);
    else if (target.part === undefined) addJson(elements, target.key, parameter, addIssue);
    else addPart(elements, target.key, target.part, parameter, addIssue);
  }
  return elements.all.filter(({ parts }) => !isLeftEmpty(parts)).sort((a, b) => a.index - b.index);
};

/**
 * What the name of a parameter refers to.
 * - With a `part`: this part of an element.
 * - Without: an element, or the whole list, in JSON.
 */
interface Target {
  /**
   * The key in the first brackets: an index, or empty. Undefined if the name has none: then it refers to the list, or
   * to its only element.
   */
  key: string | undefined;
  part: SortPart | undefined;
}

/** Returns `undefined` for a name that refers to nothing. */
const targetOf = ([, ...keys]: RawParameter['path']): Target | undefined => {
  const last = keys.at(-1);
  const part = isSortPart(last) ? last : undefined;
  const [key, ...more] = part ? keys.slice(0, -1) : keys;
  return isListIndex(key ?? '') && more.length === 0 ? { key, part } : undefined;
};

const addJson = (
  elements: SortElements,
  key: string | undefined,
  { path, value }: RawParameter,
  addIssue: AddIssue,
): void => {
  if (isAbsent(value)) return;
  const parsed = parseJson(value);
  const items: unknown[] = key === undefined && Array.isArray(parsed) ? parsed : [parsed];
  for (const item of items) {
    if (isObject(item)) addElement(elements, key, Object.entries(item));
    else addIssue(nameFromPath(path), sortElementMessage);
  }
};

const addPart = (
  elements: SortElements,
  key: string | undefined,
  part: SortPart,
  { path, value }: RawParameter,
  addIssue: AddIssue,
): void => {
  const { parts } = elementFor(elements, key, part);
  if (parts.has(part)) addIssue(nameFromPath(path), 'takes one value, but was given several');
  // An empty value is kept, because it also shows where an element ends.
  parts.set(part, value);
};

/** The element that a part belongs to. It is added if it does not exist. */
const elementFor = (elements: SortElements, key: string | undefined, part: SortPart): SortElement => {
  const current = elements.inParts.get(key);
  // With empty brackets, a part that the current element already has begins the next element.
  const beginsNext = key === '' && current?.parts.has(part);
  if (current && !beginsNext) return current;
  const element = addElement(elements, key);
  elements.inParts.set(key, element);
  return element;
};

const addElement = (
  { all }: SortElements,
  key: string | undefined,
  parts: [string, unknown][] = [],
): SortElement => {
  const element = { index: key ? Number(key) : all.length, parts: new Map(parts) };
  all.push(element);
  return element;
};

const isLeftEmpty = (parts: Map<string, unknown>): boolean =>
  parts.size > 0 && [...parts.values()].every(isAbsent);
