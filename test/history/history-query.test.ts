import { describe, expect, test } from '@jest/globals';
import { parseHistoryQuery } from '../../lib/history/history-query.ts';
import { catchApiError } from '../support/catch-api-error.ts';

describe('the query of a history', () => {
  test.each([
    ['', {}],
    ['per_page=100', { per_page: 100 }],
    ['cursor=abc&per_page=1', { cursor: 'abc', per_page: 1 }],
    ['cursor=&per_page=null', {}],
  ])('%j is read as %j', (query, expected) => {
    expect(parseHistoryQuery(query)).toEqual(expected);
  });

  test.each(
    ['0', '-1', '101', '1.5', '1e1', '0x10', '+5', ' 5', '٥', 'NaN', 'x', '9007199254740993', '1,2'].map(
      (value) => [value],
    ),
  )('refuses the page size %j', (value) => {
    const { code, details } = catchApiError(() => parseHistoryQuery(`per_page=${encodeURIComponent(value)}`));
    expect([code, details?.map(({ path }) => path)]).toEqual(['invalid_request', ['per_page']]);
  });

  test.each([
    ['perpage=5', 'perpage', 'is not known (did you mean per_page?)'],
    ['page=2', 'page', expect.stringMatching(/^is not known/)],
    ['search=x', 'search', expect.stringMatching(/^is not known/)],
    ['exclude_self=true', 'exclude_self', expect.stringMatching(/^is not known/)],
    ['cursor=a&cursor=b', 'cursor', expect.any(String)],
    ['per_page=1&per_page=2', 'per_page', expect.any(String)],
  ])('refuses %j', (query, path, message) => {
    const { code, details } = catchApiError(() => parseHistoryQuery(query));
    expect({ code, details }).toEqual({ code: 'invalid_request', details: [{ path, message }] });
  });
});
