import { isMetaName, type MetadataFilter, metadataFilters, metaName } from './metadata-filters.ts';
import { unknownParameter } from './named-parameters.ts';
import { type AddIssue, collectIssues, type Parser, type RawParameters } from './parser.ts';
import { hasNoText, hasValue, parseQueryString, type RawParameter } from './raw-parameters.ts';
import { type SortTerm, sortByTerms, sortTerm } from './sorting.ts';
import {
  anyText,
  choice,
  idOrCursor,
  integer,
  manyValues,
  millisecondsSinceEpoch,
  oneValue,
  searchText,
} from './value-parsers.ts';

export type { SortTerm };

/** The conditions of a list. All of them must hold. An absent condition holds for every channel. */
export interface ListFilter {
  /** Any of these ids, in lower case. An empty list matches nothing. */
  ids?: string[];
  names?: string[];
  localNames?: string[];
  /** Folded search terms without duplicates. Each must occur somewhere in the folded name or local name. */
  terms?: string[];
  disabled?: boolean;
  /** Milliseconds since the epoch, exclusive. */
  updatedAfter?: number;
  /** `from__id` as the client sent it: an id or a cursor. */
  after?: string;
  /** `to__id` as the client sent it: an id or a cursor. */
  before?: string;
  metadata?: MetadataFilter[];
}

/** The query of a list request. It is the same for every form in which a client may write it. */
export interface ListQuery {
  filter: ListFilter;
  /** Never empty. The default is `_id` ascending. */
  sort: SortTerm[];
  page: number;
  perPage: number;
  cursor?: string;
}

const maxPerPage = 100;

/**
 * Parses the raw query string of a list request, in any of the forms that clients write (the contract of the API,
 * section 3). A parameter that is empty, `null` or `undefined` counts as absent, but its name must be known. Exception: a
 * filter by `integration_meta` without a value is an error.
 * Limits: 100 values for a filter, 100 conditions of 16 levels for `integration_meta`, 256 code points for `search`.
 *
 * @throws ApiError `invalid_request`; its details are the first 100 problems, and each says what is accepted
 */
export const parseListQuery = (rawQueryString: string): ListQuery => {
  const { addIssue, throwIfAny } = collectIssues();
  const raw = groupByName(parseQueryString(rawQueryString));
  const parsed = parseAll(raw, addIssue);
  checkExclusive(raw, addIssue);
  throwIfAny();

  const { page = 1, perPage = 25, cursor, sort, descending, sortBy = [], ...filter } = parsed;
  const term = sort ?? { field: '_id', descending: false };
  return {
    filter,
    sort: sortBy.length > 0 ? sortBy : [{ ...term, descending: term.descending || descending === true }],
    page,
    perPage,
    ...(cursor !== undefined && { cursor }),
  };
};

/** The values of all parameters. All fields that are not named here are filters. */
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
  parse: Parser<NonNullable<ParsedParameters[Field]>>,
): [string, ParameterParser] => [
  name,
  (raw, parsed, addIssue) => {
    const value = parse(raw, addIssue);
    if (value !== undefined) parsed[field] = value;
  },
];

const idList = manyValues({
  split: (text) => text.split(',').map((id) => id.trim()),
  normalize: (id) => id.toLowerCase(),
});

/** One row for each parameter: its name, the field for its value, its parser. A map, because an object has `__proto__`. */
const parameters = new Map<string, ParameterParser>([
  parameter('page', 'page', oneValue(integer(1, Number.MAX_SAFE_INTEGER))),
  parameter('per_page', 'perPage', oneValue(integer(1, maxPerPage))),
  parameter('cursor', 'cursor', oneValue(anyText)),
  parameter('sort', 'sort', oneValue(sortTerm)),
  parameter('sortPageOrder', 'descending', oneValue(choice({ asc: false, desc: true, dsc: true }))),
  parameter('sortBy', 'sortBy', sortByTerms),
  parameter('_id', 'ids', idList),
  parameter('name', 'names', manyValues()),
  parameter('local_name', 'localNames', manyValues()),
  parameter('search', 'terms', oneValue(searchText, hasNoText)),
  parameter('disabled', 'disabled', oneValue(choice({ true: true, false: false }))),
  parameter('from_updatedAt', 'updatedAfter', oneValue(millisecondsSinceEpoch)),
  parameter('from__id', 'after', oneValue(idOrCursor)),
  parameter('to__id', 'before', oneValue(idOrCursor)),
  parameter(metaName, 'metadata', metadataFilters),
]);

/** The names of all parameters. A test checks that OpenAPI describes exactly these. */
export const parameterNames: readonly string[] = [...parameters.keys()];

const exclusive: [name: string, other: string, reason: string][] = [
  ['page', 'cursor', 'the cursor already holds the page'],
  ['sort', 'sortBy', 'both say how to sort'],
  ['sortPageOrder', 'sortBy', 'each element of sortBy has its own type'],
];

const parseAll = (raw: Map<string, RawParameters>, addIssue: AddIssue): ParsedParameters => {
  const parsed: ParsedParameters = {};
  for (const [name, withThatName] of raw) {
    const parse = parameters.get(name);
    if (parse === undefined)
      addIssue(name, unknownParameter(name, parameterNames, [`${metaName}.external_id`]));
    else parse(withThatName, parsed, addIssue);
  }
  return parsed;
};

const checkExclusive = (raw: Map<string, RawParameters>, addIssue: AddIssue): void => {
  for (const [name, other, reason] of exclusive) {
    if (hasValue(raw.get(name)) && hasValue(raw.get(other))) {
      addIssue(name, `can't be combined with ${other}: ${reason}`);
    }
  }
};

/** Groups parameters by name, in the order in which the names first appear. All forms of `integration_meta` are one. */
const groupByName = (raw: RawParameter[]): Map<string, RawParameters> => {
  const groups = new Map<string, RawParameters>();
  for (const parameter of raw) {
    const [root] = parameter.path;
    const name = isMetaName(root) ? metaName : root;
    const group = groups.get(name);
    if (group) group.push(parameter);
    else groups.set(name, [parameter]);
  }
  return groups;
};
