import { nameOf, type Parameter } from '../query-string.ts';
import { isAbsent } from './absent.ts';
import { isIndex, isRecord, parseJson } from './forms.ts';
import type { Reader, Refuse } from './reader.ts';
import { type SortTerm, sortFieldOf, sortFields } from './sort.ts';

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

/** What a name stands for: the list or an element of it, or a part of an element. */
const targetOf = ([, ...keys]: Parameter['path']): { index?: string; part?: SortPart } | undefined => {
  const part = keys.at(-1);
  if (isSortPart(part)) {
    const element = targetOf(['sortBy', ...keys.slice(0, -1)]);
    return element && element.part === undefined ? { ...element, part } : undefined;
  }
  const [index, ...more] = keys;
  if (index === undefined) return {};
  return isIndex(index) && more.length === 0 ? { index } : undefined;
};
