import { ApiError, type ErrorDetail } from '../errors.ts';
import { foldWords } from './fold.ts';
import { nameOf, type Parameter, parseQueryString } from './query-string.ts';

/** The fields by which a list can be sorted. */
export type SortField = '_id' | 'name' | 'local_name' | 'disabled' | 'createdAt' | 'updatedAt';

export interface SortTerm {
  field: SortField;
  descending: boolean;
}

/** All conditions of a list; they combine with AND, an absent one holds for every channel. */
export interface ListFilter {
  /** Any of these ids, lower-cased; an empty list matches nothing. */
  ids?: string[];
  names?: string[];
  localNames?: string[];
  /** Folded words, each of which must occur somewhere in the folded name. */
  words?: string[];
  disabled?: boolean;
  /** Milliseconds since the epoch; strictly later. */
  updatedAfter?: number;
  /** `from__id` as sent: an id or a cursor. */
  after?: string;
  /** `to__id` as sent: an id or a cursor. */
  before?: string;
  /** Scalars of `integration_meta`, compared as text. */
  meta?: { path: string[]; value: string }[];
}

/** What a list request asks for, whatever the form in which its client wrote it. */
export interface ListQuery {
  filter: ListFilter;
  /** Never empty: `_id` ascending unless asked otherwise. */
  sort: SortTerm[];
  page: number;
  perPage: number;
  cursor?: string;
}

/** How many values a filter takes, as far as they fit the request. */
const mostValues = 100;
const mostPerPage = 100;
/** `integration_meta` is stored no deeper. */
const mostLevels = 16;
/** In code points. */
const longestSearch = 256;
/** `page` × `per_page`. */
const deepestPage = 10_000;

const sortFields: readonly SortField[] = ['_id', 'name', 'local_name', 'disabled', 'createdAt', 'updatedAt'];

/**
 * Reads the raw query string of a list request, in whichever form its client wrote it (the contract of the API,
 * section 3). Parameters that are empty, `null` or `undefined` count as absent; their names are checked all the same.
 * A filter takes 100 values, `integration_meta` 100 conditions of 16 levels, `search` 256 code points.
 *
 * @throws ApiError `invalid_request`, with everything that is wrong in its details, each with what is accepted.
 * @throws ApiError `page_too_deep` for a page that ends beyond 10,000 channels.
 */
export const parseListQuery = (rawQueryString: string): ListQuery => {
  const details: ErrorDetail[] = [];
  const refuse: Refuse = (path, message) => {
    details.push({ path, message });
    return undefined;
  };

  const asked: Asked = {};
  const given = byName(parseQueryString(rawQueryString));
  for (const [name, ofThatName] of given) {
    const read = parameters.get(name);
    if (read === undefined) refuse(name, unknownName(name));
    else read(ofThatName, asked, refuse);
  }
  for (const [name, other, reason] of neverTogether) {
    if (isGiven(given.get(name)) && isGiven(given.get(other))) {
      refuse(name, `can't be given together with ${other}: ${reason}`);
    }
  }
  if (details.length > 0) throw new ApiError('invalid_request', sentenceOf(details), { details });

  const { page = 1, perPage = 25, cursor, sort, descending, sortBy = [], ...filter } = asked;
  if (page * perPage > deepestPage) {
    throw new ApiError(
      'page_too_deep',
      `page × per_page may be at most ${deepestPage}: to go further, pass the last answer's next_cursor as cursor.`,
    );
  }
  const { field, descending: minus } = sort ?? { field: '_id', descending: false };
  return {
    filter,
    sort: sortBy.length > 0 ? sortBy : [{ field, descending: minus || descending === true }],
    page,
    perPage,
    ...(cursor !== undefined && { cursor }),
  };
};

/** Everything that parameters can ask for; what is no filter is named first. */
interface Asked extends ListFilter {
  page?: number;
  perPage?: number;
  cursor?: string;
  sort?: SortTerm;
  descending?: boolean;
  sortBy?: SortTerm[];
}

type MetaCondition = NonNullable<ListFilter['meta']>[number];

/** Puts down one thing that is wrong. Reading goes on, so that a client learns of everything at once. */
type Refuse = (path: string, message: string) => undefined;

/** Makes one value of all parameters of a name, or refuses them; `undefined` where there is none. */
type Reader<Value> = (given: SameName, refuse: Refuse) => Value | undefined;

type SameName = [Parameter, ...Parameter[]];

/** What one value may be: `read` gives `undefined` for any other text, `accepted` goes on from "must be". */
interface Kind<Value> {
  accepted: string;
  read: (text: string) => Value | undefined;
}

// --- what counts as absent

/** Clients write out what they have no value for: `URLSearchParams` makes these texts of null and undefined. */
const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === 'null' || value === 'undefined';
const isBlank = (text: string): boolean => isAbsent(text) || text.trim() === '';
const isGiven = (given: Parameter[] = []): boolean => given.some(({ value }) => !isAbsent(value));

// --- one value

const one =
  <Value>(kind: Kind<Value>, countsAsAbsent: (text: string) => boolean = isAbsent): Reader<Value> =>
  (given, refuse) => {
    for (const { path } of given) {
      if (path.length > 1) refuse(nameOf(path), 'takes one value, and no brackets');
    }
    const values = given.filter(({ value }) => !countsAsAbsent(value));
    const [first] = values;
    if (first === undefined) return undefined;
    const [name] = first.path;
    if (values.length > 1) return refuse(name, `takes one value, and was given ${values.length}`);
    return kind.read(first.value) ?? refuse(name, `must be ${kind.accepted}`);
  };

const wholeNumber = (least: number, most: number): Kind<number> => ({
  accepted: `a whole number from ${least} to ${most}, in digits alone`,
  read: (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  },
});

const choice = <Value>(choices: Record<string, Value>): Kind<Value> => ({
  accepted: Object.keys(choices).join(' or '),
  read: (text) => (Object.hasOwn(choices, text) ? choices[text] : undefined),
});

const asSent: Kind<string> = { accepted: 'text', read: (text) => text };

const position: Kind<string> = {
  accepted: 'a channel id or a cursor',
  read: (text) => (/^[0-9a-f]{24}$/i.test(text) ? text.toLowerCase() : text),
};

const sortTerm: Kind<SortTerm> = {
  accepted: `one of ${sortFields.join(', ')}, with a leading - for descending`,
  read: (text) => {
    const descending = text.startsWith('-');
    const field = sortFieldOf(descending ? text.slice(1) : text);
    return field && { field, descending };
  },
};

const searchWords: Kind<string[]> = {
  accepted: `at most ${longestSearch} characters`,
  read: (text) => ([...text].length <= longestSearch ? foldWords(text) : undefined),
};

// --- several values

/** How the values of one filter are written: what one parameter holds, and how each is compared. */
interface Values {
  split?: (text: string) => string[];
  normalize?: (value: string) => string;
}

const many =
  ({ split = (text) => [text], normalize = (value) => value }: Values = {}): Reader<string[]> =>
  (given, refuse) => {
    const [name] = given[0].path;
    for (const { path } of given) {
      if (!isListName(path)) {
        refuse(nameOf(path), `is no form of a list: write ${name}=a&${name}=b, ${name}[]=a or ${name}[0]=a`);
      }
    }
    const present = given.filter(({ value }) => !isAbsent(value));
    if (present.length === 0) return undefined;
    const values = present.flatMap(({ path, value }) => {
      // In brackets a value is one element already: a name may look like JSON.
      const inJson = path.length === 1 ? jsonStrings(value) : undefined;
      return inJson ?? split(value);
    });
    const distinct = new Set(values.filter(canBeStored).map(normalize));
    return distinct.size <= mostValues
      ? [...distinct]
      : refuse(name, `takes at most ${mostValues} values, and was given ${distinct.size}`);
  };

const isListName = ([, index = '', ...more]: Parameter['path']): boolean =>
  isIndex(index) && more.length === 0;

/** No channel has an empty name, or one with half a surrogate pair, and the table takes neither for a key. */
const canBeStored = (value: string): boolean => value !== '' && value.isWellFormed();

const jsonStrings = (text: string): string[] | undefined => {
  if (!text.startsWith('[')) return undefined;
  const parsed = parseJson(text);
  return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : undefined;
};

// --- sortBy

type SortPart = 'field' | 'type';

/** What is known of one element of `sortBy` while its parts come in. */
interface SortElement {
  /** Where it stands in the list: its index, or its place in the order of arrival. */
  at: number;
  /** What its parts have in common: the brackets behind `sortBy`. */
  foundBy: string;
  parts: Map<string, unknown>;
}

const sortElementForm =
  'must be a list of {"field": …, "type": …}: in JSON, or as sortBy[0][field]=name&sortBy[0][type]=desc';

const sortTerms: Reader<SortTerm[]> = (given, refuse) => {
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

/** Brings every form of `sortBy` to a list of elements. */
const sortElements = (given: Parameter[], refuse: Refuse): SortElement[] => {
  const elements: SortElement[] = [];
  for (const parameter of given) {
    const [, ...keys] = parameter.path;
    const [index = '', part = ''] = keys;
    if (keys.length <= 1 && isIndex(index)) addInJson(elements, parameter, refuse);
    else if (keys.length === 1 && isSortPart(index)) addPart(elements, 'no index', index, parameter, refuse);
    else if (keys.length === 2 && isIndex(index) && isSortPart(part)) {
      addPart(elements, index, part, parameter, refuse);
    } else refuse(nameOf(parameter.path), sortElementForm);
  }
  return elements.sort((one, other) => one.at - other.at).filter(({ parts }) => !isLeftEmpty(parts));
};

/** The whole list in one parameter, or one element in each. */
const addInJson = (elements: SortElement[], { path, value }: Parameter, refuse: Refuse): void => {
  if (isAbsent(value)) return;
  const [, index] = path;
  const parsed = parseJson(value);
  const items: unknown[] = index === undefined && Array.isArray(parsed) ? parsed : [parsed];
  for (const item of items) {
    if (isRecord(item)) begin(elements, 'in JSON', index, Object.entries(item));
    else refuse(nameOf(path), sortElementForm);
  }
};

const addPart = (
  elements: SortElement[],
  foundBy: string,
  part: SortPart,
  { path, value }: Parameter,
  refuse: Refuse,
): void => {
  const last = elements.findLast((element) => element.foundBy === foundBy);
  // Behind empty brackets, a part that is there already can only be the next element's.
  const isNext = last === undefined || (foundBy === '' && last.parts.has(part));
  const { parts } = isNext ? begin(elements, foundBy, foundBy) : last;
  if (parts.has(part)) refuse(nameOf(path), 'takes one value, and was given more');
  // An empty value is kept: it still tells where an element ends.
  parts.set(part, value);
};

const begin = (
  elements: SortElement[],
  foundBy: string,
  index = '',
  parts: [string, unknown][] = [],
): SortElement => {
  const at = /^\d+$/.test(index) ? Number(index) : elements.length;
  const element = { at, foundBy, parts: new Map(parts) };
  elements.push(element);
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
const isSortPart = (key: string): key is SortPart => key === 'field' || key === 'type';
const sortFieldOf = (text: unknown): SortField | undefined => sortFields.find((field) => field === text);

// --- integration_meta

const metaName = 'integration_meta';

const metaConditions: Reader<MetaCondition[]> = (given, refuse) => {
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

// --- the parameters

type Row = (given: SameName, asked: Asked, refuse: Refuse) => void;

const row = <Field extends keyof Asked>(
  name: string,
  field: Field,
  read: Reader<NonNullable<Asked[Field]>>,
): [string, Row] => [
  name,
  (given, asked, refuse) => {
    const value = read(given, refuse);
    if (value !== undefined) asked[field] = value;
  },
];

/** A parameter's name, where its value goes, how it is read. A map, since it has no `__proto__` to be found in it. */
const parameters = new Map<string, Row>([
  row('page', 'page', one(wholeNumber(1, Number.MAX_SAFE_INTEGER))),
  row('per_page', 'perPage', one(wholeNumber(1, mostPerPage))),
  row('cursor', 'cursor', one(asSent)),
  row('sort', 'sort', one(sortTerm)),
  row('sortPageOrder', 'descending', one(choice({ asc: false, desc: true, dsc: true }))),
  row('sortBy', 'sortBy', sortTerms),
  row('_id', 'ids', many({ split: (text) => text.split(','), normalize: (id) => id.toLowerCase() })),
  row('name', 'names', many()),
  row('local_name', 'localNames', many()),
  row('search', 'words', one(searchWords, isBlank)),
  row('disabled', 'disabled', one(choice({ true: true, false: false }))),
  row('from_updatedAt', 'updatedAfter', one(wholeNumber(0, Number.MAX_SAFE_INTEGER))),
  row('from__id', 'after', one(position)),
  row('to__id', 'before', one(position)),
  row(metaName, 'meta', metaConditions),
]);

const neverTogether: [name: string, other: string, reason: string][] = [
  ['page', 'cursor', 'a cursor carries its page'],
  ['sort', 'sortBy', 'both say how to sort'],
  ['sortPageOrder', 'sortBy', 'each element of sortBy has a type of its own'],
];

/** Parameters by the name under which they are read, in the order of the names' first appearance. */
const byName = (given: Parameter[]): Map<string, SameName> => {
  const named = new Map<string, SameName>();
  for (const parameter of given) {
    const [root] = parameter.path;
    const name = root.startsWith(`${metaName}.`) ? metaName : root;
    const others = named.get(name);
    if (others) others.push(parameter);
    else named.set(name, [parameter]);
  }
  return named;
};

// --- small parts

const isIndex = (key: string): boolean => /^\d*$/.test(key);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmpty = (record: Record<string, unknown>): boolean => Object.keys(record).length === 0;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const sentenceOf = ([first, ...others]: ErrorDetail[]): string => {
  const more =
    others.length > 0 ? ` Of ${others.length + 1} problems this is the first: see the details.` : '';
  return `The query parameter "${first?.path}" ${first?.message}.${more}`;
};

const unknownName = (name: string): string => {
  const known = [...parameters.keys()];
  const plain = withoutStyle(name);
  const meant = known.find((other) => isAboutEqual(plain, withoutStyle(other)));
  return `is not known ${meant ? `(did you mean ${meant}?)` : `(there are ${known.join(', ')})`}`;
};

/** `perPage` and `per-page` are `per_page` in the style of another API. */
const withoutStyle = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/** Equal, or one letter more, less, or other, or two swapped. */
const isAboutEqual = (one: string, other: string): boolean => {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [left, right] = [one, other].map((text) => text.slice(start, text.length - end)) as [string, string];
  return (
    (left.length <= 1 && right.length <= 1) || (left.length === 2 && left === [...right].reverse().join(''))
  );
};
