import { parseNamedParameters } from '../lists/query/named-parameters.ts';
import { anyText, integer, oneValue } from '../lists/query/value-parsers.ts';

/** The query of a request for the history of a channel. */
export interface HistoryQuery {
  cursor?: string;
  per_page?: number;
}

export const maxVersionsPerPage = 100;
export const defaultVersionsPerPage = 25;

const parsers = {
  cursor: oneValue(anyText),
  per_page: oneValue(integer(1, maxVersionsPerPage)),
};

/** The names of all parameters. A test checks that OpenAPI describes exactly these. */
export const historyParameterNames: readonly string[] = Object.keys(parsers);

/** @throws ApiError `invalid_request` */
export const parseHistoryQuery = (rawQueryString: string): HistoryQuery =>
  parseNamedParameters<HistoryQuery>(rawQueryString, parsers);
