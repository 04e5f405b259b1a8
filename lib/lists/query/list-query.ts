import { similarName } from '../../text/similar-name.ts';
import { isBlank, hasValue } from '../parameters/absent.ts';
import { isMetaName, type MetadataFilter, metadataFilters, metaName } from './metadata-filters.ts';
import { anyText, choice, idOrCursor, searchTerms, integer } from './values.ts';
import { manyValues } from '../parameters/many-values.ts';
import { oneValue } from '../parameters/one-value.ts';
import type { Parser, AddIssue, RawParameters } from './parser.ts';
import { collectIssues } from '../parameters/refusals.ts';
import { type SortTerm, sortParameter } from '../parameters/sort.ts';
import { sortByParameter } from './sorting.ts';
import { type RawParameter, parseQueryString } from './raw-parameters.ts';

export type { SortTerm };

/** All conditions of a list; they combine with AND, an absent one holds for every channel. */
export interface ListFilter {
  /** Any of these ids, lower-cased; an empty list matches nothing. */
  ids?: string[];
  names?: string[];
  localNames?: string[];
  /** Folded words, no two the same, each of which must occur somewhere in the folded name. */
  terms?: string[];
  disabled?: boolean;
  /** Milliseconds since the epoch; strictly later. */
  updatedAfter?: number;
  /** `from__id` as sent: an id or a cursor. */
  after?: string;
  /** `to__id` as sent: an id or a cursor. */
  before?: string;
  metadata?: MetadataFilter[];
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

const maxPerPage = 100;

/**
 * Reads the raw query string of a list request, in whichever form its client wrote it (the contract of the API,
 * section 3). Parameters that are empty, `null` or `undefined` count as absent; their names are checked all the same.
 * A filter takes 100 values, `integration_meta` 100 conditions of 16 levels, `search` 256 code points.
 *
 * @throws ApiError `invalid_request`, with everything that is wrong in its details, each with what is accepted; the
 * first 100 of them where there are more.
 */
export const parseListQuery = (rawQueryString: string): ListQuery => {
  const { addIssue, throwIfAny } = collectIssues();
  const raw = byName(parseQueryString(rawQueryString));
  const parsed = parseAll(raw, addIssue);
  checkExclusive(raw, addIssue);
  throwIfAny();

  const { page = 1, perPage = 25, cursor, sort, descending, sortBy = [], ...filter } = parsed;
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
interface ParsedParameters extends ListFilter {
  page?: number;
  perPage?: number;
  cursor?: string;
  sort?: SortTerm;
  descending?: boolean;
  sortBy?: SortTerm[];
}

type ParameterParser = (raw: RawParameters, parsed: ParsedParameters, addIssue: AddIssue) => void;

const parameter = <Field extends keyof ParsedParameters>(
  name: string,
  field: Field,
  read: Parser<NonNullable<ParsedParameters[Field]>>,
): [string, ParameterParser] => [
  name,
  (raw, parsed, addIssue) => {
    const value = read(raw, addIssue);
    if (value !== undefined) parsed[field] = value;
  },
];

/** A parameter's name, where its value goes, how it is read. A map, since it has no `__proto__` to be found in it. */
const parameters = new Map<string, ParameterParser>([
  parameter('page', 'page', oneValue(integer(1, Number.MAX_SAFE_INTEGER))),
  parameter('per_page', 'perPage', oneValue(integer(1, maxPerPage))),
  parameter('cursor', 'cursor', oneValue(anyText)),
  parameter('sort', 'sort', oneValue(sortParameter)),
  parameter('sortPageOrder', 'descending', oneValue(choice({ asc: false, desc: true, dsc: true }))),
  parameter('sortBy', 'sortBy', sortByParameter),
  parameter(
    '_id',
    'ids',
    manyValues({ split: (text) => text.split(',').map((id) => id.trim()), normalize: (id) => id.toLowerCase() }),
  ),
  parameter('name', 'names', manyValues()),
  parameter('local_name', 'localNames', manyValues()),
  parameter('search', 'words', oneValue(searchTerms, isBlank)),
  parameter('disabled', 'disabled', oneValue(choice({ true: true, false: false }))),
  parameter('from_updatedAt', 'updatedAfter', oneValue(integer(0, Number.MAX_SAFE_INTEGER))),
  parameter('from__id', 'after', oneValue(idOrCursor)),
  parameter('to__id', 'before', oneValue(idOrCursor)),
  parameter(metaName, 'meta', metadataFilters),
]);

/** Everything that a list can be asked by; what describes the API is held to it. */
export const parameterNames: readonly string[] = [...parameters.keys()];

const exclusive: [name: string, other: string, reason: string][] = [
  ['page', 'cursor', 'a cursor carries its page'],
  ['sort', 'sortBy', 'both say how to sort'],
  ['sortPageOrder', 'sortBy', 'each element of sortBy has a type of its own'],
];

const unknownParameter = (name: string): string => {
  const meant = similarName(name, [...parameters.keys()]);
  return `is not known ${meant ? `(did you mean ${meant}?)` : `(there are ${[...parameters.keys()].join(', ')})`}`;
};

const parseAll = (raw: Map<string, RawParameters>, addIssue: AddIssue): ParsedParameters => {
  const parsed: ParsedParameters = {};
  for (const [name, ofThatName] of raw) {
    const read = parameters.get(name);
    if (read === undefined) addIssue(name, unknownParameter(name));
    else read(ofThatName, parsed, addIssue);
  }
  return parsed;
};

const checkExclusive = (raw: Map<string, RawParameters>, addIssue: AddIssue): void => {
  for (const [name, other, reason] of exclusive) {
    if (hasValue(raw.get(name)) && hasValue(raw.get(other))) {
      addIssue(name, `can't be given together with ${other}: ${reason}`);
    }
  }
};

/** Parameters by the name under which they are read, in the order of the names' first appearance. */
const byName = (raw: RawParameter[]): Map<string, RawParameters> => {
  const named = new Map<string, RawParameters>();
  for (const parameter of raw) {
    const [root] = parameter.path;
    const name = isMetaName(root) ? metaName : root;
    const others = named.get(name);
    if (others) others.push(parameter);
    else named.set(name, [parameter]);
  }
  return named;
};
