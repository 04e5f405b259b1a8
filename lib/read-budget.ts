import { ApiError } from './api-error.ts';
import { pages } from './dynamodb/pages.ts';
import type { Query, Table } from './dynamodb/table.ts';

/**
 * The pages of 1 MB that one request may read in addition to the page that it returns. 4 MB are 1,024 read units, or
 * about 10,700 channels of 289 bytes (389 bytes with their keys). A partition gives 3,000 units a second.
 */
const maxPages = 4;

const byIds = 'by "from__id" and "to__id", or ask for the whole list in "_id" order and go on with "cursor"';

/** @param how tells a person how to narrow the query */
export const queryTooBroad = (how = byIds) =>
  new ApiError('query_too_broad', `This query would read too many channels: narrow it ${how}.`);

export const isQueryTooBroad = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 'query_too_broad';

/** No narrower query helps here: the request has to wait until the projector has applied the pending changes. */
const projectionsBehind = () =>
  new ApiError(
    'unavailable',
    'Too many recent changes are not in the search and page indexes yet: try again in a minute.',
  );

/**
 * Pages through a query within the read budget of one request.
 * @param tooMuch makes the error for a query that goes on after the budget
 */
export async function* pagesWithinBudget(
  table: Table,
  query: Query,
  tooMuch: () => ApiError = queryTooBroad,
) {
  let left = maxPages;
  for await (const page of pages(table, query)) {
    yield page;
    if (page.lastKey && --left === 0) throw tooMuch();
  }
}

/** The same for pending changes. @throws ApiError `unavailable` if there are more than the budget reads */
export const pagesOfPendingChanges = (table: Table, query: Query) =>
  pagesWithinBudget(table, query, projectionsBehind);
