import { nameOf, type Parameter } from './raw-parameters.ts';
import { isAbsent } from '../parameters/absent.ts';
import { isIndex, isRecord, parseJson } from '../parameters/forms.ts';
import type { Reader, Refuse } from './parser.ts';
import { type SortTerm, sortFieldOf, sortFields } from '../parameters/sort.ts';

/** Reads `sortBy` from every form of a list of fields and types. No field may be in it twice. */
export const sortTerms: Reader<SortTerm[]> = (given, refuse) => {
  const terms: SortTerm[] = [];
  for (const element of sortElements(given, refuse)) {
    const path = `sortBy[${element.at}]`;
    const term = sortTermOf(element, path, refuse);
    if (term === undefined) continue;
    if (terms.some(({ field }) => field === term.field)) refuse(path, `repeats the field ${term.field}`);
    else terms.push(term);
  }
  return terms;
};

const sortElementForm =
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
const sortElements = (given: Parameter[], refuse: Refuse): SortElement[] => {
  const elements: Elements = { all: [], inParts: new Map() };
  for (const parameter of given) {
    const target = targetOf(parameter.path);
    if (target === undefined) refuse(nameOf(parameter.path), sortElementForm);
    else if (target.part === undefined) addInJson(elements, target.index, parameter, refuse);
    else addPart(elements, target.index, target.part, parameter, refuse);
  }
  return elements.all.filter(({ parts }) => !isLeftEmpty(parts)).sort((one, other) => one.at - other.at);
};

/** What a name stands for: a part of an element, else an element or the whole list, which are in JSON then. */
const targetOf = ([, ...keys]: Parameter['path']): Target | undefined => {
  const last = keys.at(-1);
  const part = isSortPart(last) ? last : undefined;
  const [index, ...more] = part ? keys.slice(0, -1) : keys;
  return isIndex(index ?? '') && more.length === 0 ? { index, part } : undefined;
};

const addInJson = (
  elements: Elements,
  index: string | undefined,
  parameter: Parameter,
  refuse: Refuse,
): void => {
  if (isAbsent(parameter.value)) return;
  const parsed = parseJson(parameter.value);
  const items: unknown[] = index === undefined && Array.isArray(parsed) ? parsed : [parsed];
  for (const item of items) {
    if (isRecord(item)) begin(elements, index, Object.entries(item));
    else refuse(nameOf(parameter.path), sortElementForm);
  }
};

const addPart = (
  elements: Elements,
  index: string | undefined,
  part: SortPart,
  { path, value }: Parameter,
  refuse: Refuse,
): void => {
  const { parts } = elementFor(elements, index, part);
  if (parts.has(part)) refuse(nameOf(path), 'takes one value, and was given more');
  // An empty value is kept: it still tells where an element ends.
  parts.set(part, value);
};

/** The element that a part belongs to, begun if need be. */
const elementFor = (elements: Elements, index: string | undefined, part: SortPart): SortElement => {
  const known = elements.inParts.get(index);
  // Behind empty brackets, a part that is there already can only be the next element's.
  const isNext = index === '' && known?.parts.has(part);
  if (known && !isNext) return known;
  const element = begin(elements, index);
  elements.inParts.set(index, element);
  return element;
};

const begin = (
  { all }: Elements,
  index: string | undefined,
  parts: [string, unknown][] = [],
): SortElement => {
  const element = { at: index ? Number(index) : all.length, parts: new Map(parts) };
  all.push(element);
  return element;
};

const sortTermOf = ({ parts }: SortElement, path: string, refuse: Refuse): SortTerm | undefined => {
  for (const part of parts.keys()) {
    if (!isSortPart(part)) refuse(path, `has a field and a type, and no ${part}`);
  }
  const field = sortFieldOf(parts.get('field'));
  const type = parts.get('type');
  if (field === undefined) refuse(path, `must have a field, one of ${sortFields.join(', ')}`);
  if (!isAbsent(type) && type !== 'asc' && type !== 'desc') {
    return refuse(path, 'must have asc or desc for its type');
  }
  return field && { field, descending: type === 'desc' };
};

const isLeftEmpty = (parts: Map<string, unknown>): boolean =>
  parts.size > 0 && [...parts.values()].every(isAbsent);

const isSortPart = (key: string | undefined): key is SortPart => key === 'field' || key === 'type';
