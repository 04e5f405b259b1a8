import { nameOf, type RawParameter } from './raw-parameters.ts';
import { isAbsent } from '../parameters/absent.ts';
import { isListIndex, isRecord, parseJson } from '../parameters/forms.ts';
import type { Parser, AddIssue } from './parser.ts';
import { type SortTerm, sortFieldOf, sortFields } from '../parameters/sort.ts';

/** Reads `sortBy` from every form of a list of fields and types. No field may be in it twice. */
export const sortByParameter: Parser<SortTerm[]> = (raw, addIssue) => {
  const terms: SortTerm[] = [];
  for (const element of sortElements(raw, addIssue)) {
    const path = `sortBy[${element.at}]`;
    const term = sortTermOf(element, path, addIssue);
    if (term === undefined) continue;
    if (terms.some(({ field }) => field === term.field)) addIssue(path, `repeats the field ${term.field}`);
    else terms.push(term);
  }
  return terms;
};

const sortElementMessage =
  'must be a list of {"field": …, "type": …}: in JSON, or as sortBy[0][field]=name&sortBy[0][type]=desc';

type SortPart = 'field' | 'type';

interface SortElement {
  /** Where it stands in the list: its index, or its place in the order of arrival. */
  at: number;
  parts: Map<string, unknown>;
}

/** Without an index, `sortBy` itself is meant: the only element, or the list. */
interface Target {
  index: string | undefined;
  part: SortPart | undefined;
}

/** What is known of the list while its parameters come in. */
interface Elements {
  all: SortElement[];
  /** Those that came in parts, by what is in their first brackets: where the next part belongs. */
  inParts: Map<string | undefined, SortElement>;
}

/** Brings every form of `sortBy` to a list of elements. */
const sortElements = (raw: RawParameter[], addIssue: AddIssue): SortElement[] => {
  const elements: Elements = { all: [], inParts: new Map() };
  for (const parameter of raw) {
    const target = targetOf(parameter.path);
    if (target === undefined) addIssue(nameOf(parameter.path), sortElementMessage);
    else if (target.part === undefined) addInJson(elements, target.index, parameter, addIssue);
    else addPart(elements, target.index, target.part, parameter, addIssue);
  }
  return elements.all.filter(({ parts }) => !isLeftEmpty(parts)).sort((one, other) => one.at - other.at);
};

/** What a name stands for: a part of an element, else an element or the whole list, which are in JSON then. */
const targetOf = ([, ...keys]: RawParameter['path']): Target | undefined => {
  const last = keys.at(-1);
  const part = isSortPart(last) ? last : undefined;
  const [index, ...more] = part ? keys.slice(0, -1) : keys;
  return isListIndex(index ?? '') && more.length === 0 ? { index, part } : undefined;
};

const addInJson = (
  elements: Elements,
  index: string | undefined,
  parameter: RawParameter,
  addIssue: AddIssue,
): void => {
  if (isAbsent(parameter.value)) return;
  const parsed = parseJson(parameter.value);
  const items: unknown[] = index === undefined && Array.isArray(parsed) ? parsed : [parsed];
  for (const item of items) {
    if (isRecord(item)) addElement(elements, index, Object.entries(item));
    else addIssue(nameOf(parameter.path), sortElementMessage);
  }
};

const addPart = (
  elements: Elements,
  index: string | undefined,
  part: SortPart,
  { path, value }: RawParameter,
  addIssue: AddIssue,
): void => {
  const { parts } = elementFor(elements, index, part);
  if (parts.has(part)) addIssue(nameOf(path), 'takes one value, and was given more');
  // An empty value is kept: it still tells where an element ends.
  parts.set(part, value);
};

/** The element that a part belongs to, begun if need be. */
const elementFor = (elements: Elements, index: string | undefined, part: SortPart): SortElement => {
  const known = elements.inParts.get(index);
  // Behind empty brackets, a part that is there already can only be the next element's.
  const isNext = index === '' && known?.parts.has(part);
  if (known && !isNext) return known;
  const element = addElement(elements, index);
  elements.inParts.set(index, element);
  return element;
};

const addElement = (
  { all }: Elements,
  index: string | undefined,
  parts: [string, unknown][] = [],
): SortElement => {
  const element = { at: index ? Number(index) : all.length, parts: new Map(parts) };
  all.push(element);
  return element;
};

const sortTermOf = ({ parts }: SortElement, path: string, addIssue: AddIssue): SortTerm | undefined => {
  for (const part of parts.keys()) {
    if (!isSortPart(part)) addIssue(path, `has a field and a type, and no ${part}`);
  }
  const field = sortFieldOf(parts.get('field'));
  const type = parts.get('type');
  if (field === undefined) addIssue(path, `must have a field, one of ${sortFields.join(', ')}`);
  if (!isAbsent(type) && type !== 'asc' && type !== 'desc') {
    return addIssue(path, 'must have asc or desc for its type');
  }
  return field && { field, descending: type === 'desc' };
};

const isLeftEmpty = (parts: Map<string, unknown>): boolean =>
  parts.size > 0 && [...parts.values()].every(isAbsent);

const isSortPart = (key: string | undefined): key is SortPart => key === 'field' || key === 'type';
