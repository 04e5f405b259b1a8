import { describe, expect, test } from '@jest/globals';
import { changesParameterNames, parseChangesQuery } from '../../lib/changes/changes-query.ts';
import { parameterNames } from '../../lib/lists/query/parse-list-query.ts';
import { catchApiError } from '../support/catch-api-error.ts';

/** The problems of a query that is refused. */
const issuesOf = (raw: string) => {
  const { code, details } = catchApiError(() => parseChangesQuery(raw));
  return { code, details };
};
const invalid = (...details: [path: string, message: string][]) => ({
  code: 'invalid_request',
  details: details.map(([path, message]) => ({ path, message })),
});

describe('the query of a request for changes', () => {
  test.each([
    ['', {}],
    ['&&', {}],
    ['cursor=AbC-_1', { cursor: 'AbC-_1' }],
    ['per_page=1', { per_page: 1 }],
    ['per_page=100', { per_page: 100 }],
    ['exclude_self=true', { exclude_self: true }],
    ['exclude_self=false', { exclude_self: false }],
    ['exclude_self=true&cursor=x&per_page=7&cursor=', { cursor: 'x', per_page: 7, exclude_self: true }],
    ['cursor=&per_page=&exclude_self=', {}],
    ['cursor=null&per_page=null&exclude_self=null', {}],
    ['cursor=undefined&per_page&exclude_self=undefined', {}],
  ])('is read from %j', (raw, query) => {
    expect(parseChangesQuery(raw)).toEqual(query);
  });

  const notInRange = 'must be a whole number from 1 to 100, written in digits only';
  test.each([
    '0',
    '101',
    '-1',
    '1.5',
    '1e2',
    '0x10',
    '%2B5',
    '٥',
    'many',
    '1,2',
  ])('refuses per_page=%s', (value) => {
    expect(issuesOf(`per_page=${value}`)).toEqual(invalid(['per_page', notInRange]));
  });

  test.each(['1', '0', 'True', 'yes', 'on', '[true]'])('refuses exclude_self=%s', (value) => {
    expect(issuesOf(`exclude_self=${value}`)).toEqual(invalid(['exclude_self', 'must be true or false']));
  });

  test.each([
    ['cursor=a&cursor=b', ['cursor', 'takes one value, but was given 2']],
    ['per_page=1&per_page=1', ['per_page', 'takes one value, but was given 2']],
    ['cursor[]=a', ['cursor[]', 'takes one value, without brackets']],
  ] as [string, [string, string]][])('takes one value of each parameter, not %s', (raw, issue) => {
    expect(issuesOf(raw)).toEqual(invalid(issue));
  });

  test('reports all problems at once, in their order', () => {
    expect(issuesOf('per_page=0&search=x&exclude_self=maybe')).toEqual(
      invalid(
        ['per_page', notInRange],
        ['search', 'is not known (known: cursor, per_page, exclude_self)'],
        ['exclude_self', 'must be true or false'],
      ),
    );
  });

  test('reports the first 100 of any number of problems', () => {
    const raw = Array.from({ length: 150 }, (_, index) => `x${index}=1`).join('&');
    expect(issuesOf(raw).details).toHaveLength(100);
  });
});

describe('a parameter that is not known is refused', () => {
  test.each(
    parameterNames.filter((name) => !changesParameterNames.includes(name)),
  )('%s, which lists have, also without a value', (name) => {
    for (const value of ['x', '', 'null'])
      expect(issuesOf(`${name}=${value}`).details).toEqual([
        { path: name, message: expect.stringMatching(/^is not known \(.+\)$/) },
      ]);
  });

  test.each([
    ['Cursor', 'is not known (did you mean cursor?)'],
    ['perpage', 'is not known (did you mean per_page?)'],
    ['exclude-self', 'is not known (did you mean exclude_self?)'],
    ['__proto__', 'is not known (known: cursor, per_page, exclude_self)'],
    ['constructor', 'is not known (known: cursor, per_page, exclude_self)'],
    ['', 'is not known (known: cursor, per_page, exclude_self)'],
  ])('%j: it %s', (name, message) => {
    expect(issuesOf(`${name}=1`)).toEqual(invalid([name, message]));
  });
});
