import { similarName } from '../../text/similar-name.ts';
import { isBlank, isGiven } from '../parameters/absent.ts';
import { isMetaName, type MetaCondition, metaConditions, metaName } from './metadata-filters.ts';
import { asSent, choice, idOrCursor, searchWords, wholeNumber } from './values.ts';
import { many } from '../parameters/many-values.ts';
import { one } from '../parameters/one-value.ts';
import type { Reader, Refuse, SameName } from './parser.ts';
import { collectRefusals } from '../parameters/refusals.ts';
import { type SortTerm, sortTerm } from '../parameters/sort.ts';
import { sortTerms } from './sorting.ts';
import { type Parameter, parseQueryString } from './raw-parameters.ts';

export type { SortTerm };

/** All conditions of a list; they combine with AND, an absent one holds for every channel. */
export interface ListFilter {
  /** Any of these ids, lower-cased; an empty list matches nothing. */
  ids?: string[];
  names?: string[];
  localNames?: string[];
  /** Folded words, no two the same, each of which must occur somewhere in the folded name. */
  words?: string[];
  disabled?: boolean;
  /** Milliseconds since the epoch; strictly later. */
  updatedAfter?: number;
  /** `from__id` as sent: an id or a cursor. */
  after?: string;
  /** `to__id` as sent: an id or a cursor. */
  before?: string;
  meta?: MetaCondition[];
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

const mostPerPage = 100;

/**
 * Reads the raw query string of a list request, in whichever form its client wrote it (the contract of the API,
 * section 3). Parameters that are empty, `null` or `undefined` count as absent; their names are checked all the same.
 * A filter takes 100 values, `integration_meta` 100 conditions of 16 levels, `search` 256 code points.
 *
 * @throws ApiError `invalid_request`, with everything that is wrong in its details, each with what is accepted; the
 * first 100 of them where there are more.
 */
export const parseListQuery = (rawQueryString: string): ListQuery => {
  const { refuse, throwIfAny } = collectRefusals();
  const given = byName(parseQueryString(rawQueryString));
  const asked = readAll(given, refuse);
  refuseTogether(given, refuse);
  throwIfAny();

  const { page = 1, perPage = 25, cursor, sort, descending, sortBy = [], ...filter } = asked;
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
  row(
    '_id',
    'ids',
    many({ split: (text) => text.split(',').map((id) => id.trim()), normalize: (id) => id.toLowerCase() }),
  ),
  row('name', 'names', many()),
  row('local_name', 'localNames', many()),
  row('search', 'words', one(searchWords, isBlank)),
  row('disabled', 'disabled', one(choice({ true: true, false: false }))),
  row('from_updatedAt', 'updatedAfter', one(wholeNumber(0, Number.MAX_SAFE_INTEGER))),
  row('from__id', 'after', one(idOrCursor)),
  row('to__id', 'before', one(idOrCursor)),
  row(metaName, 'meta', metaConditions),
]);

/** Everything that a list can be asked by; what describes the API is held to it. */
export const parameterNames: readonly string[] = [...parameters.keys()];

const neverTogether: [name: string, other: string, reason: string][] = [
  ['page', 'cursor', 'a cursor carries its page'],
  ['sort', 'sortBy', 'both say how to sort'],
  ['sortPageOrder', 'sortBy', 'each element of sortBy has a type of its own'],
];

const unknown = (name: string): string => {
  const meant = similarName(name, [...parameters.keys()]);
  return `is not known ${meant ? `(did you mean ${meant}?)` : `(there are ${[...parameters.keys()].join(', ')})`}`;
};

const readAll = (given: Map<string, SameName>, refuse: Refuse): Asked => {
  const asked: Asked = {};
  for (const [name, ofThatName] of given) {
    const read = parameters.get(name);
    if (read === undefined) refuse(name, unknown(name));
    else read(ofThatName, asked, refuse);
  }
  return asked;
};

const refuseTogether = (given: Map<string, SameName>, refuse: Refuse): void => {
  for (const [name, other, reason] of neverTogether) {
    if (isGiven(given.get(name)) && isGiven(given.get(other))) {
      refuse(name, `can't be given together with ${other}: ${reason}`);
    }
  }
};

/** Parameters by the name under which they are read, in the order of the names' first appearance. */
const byName = (given: Parameter[]): Map<string, SameName> => {
  const named = new Map<string, SameName>();
  for (const parameter of given) {
    const [root] = parameter.path;
    const name = isMetaName(root) ? metaName : root;
    const others = named.get(name);
    if (others) others.push(parameter);
    else named.set(name, [parameter]);
  }
  return named;
};
