import { parseNamedParameters } from '../lists/query/named-parameters.ts';
import { anyText, choice, integer, oneValue } from '../lists/query/value-parsers.ts';

/** The query of a request for changes. */
export interface ChangesQuery {
  cursor?: string;
  per_page?: number;
  exclude_self?: boolean;
}

export const maxChangesPerPage = 100;

const parsers = {
  cursor: oneValue(anyText),
  per_page: oneValue(integer(1, maxChangesPerPage)),
  exclude_self: oneValue(choice({ true: true, false: false })),
};

/** The names of all parameters. A test checks that OpenAPI describes exactly these. */
export const changesParameterNames: readonly string[] = Object.keys(parsers);

/** @throws ApiError `invalid_request` */
export const parseChangesQuery = (rawQueryString: string): ChangesQuery =>
  parseNamedParameters<ChangesQuery>(rawQueryString, parsers);
