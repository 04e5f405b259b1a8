import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../lib/api-error.ts';
import { type ListFilter, type ListQuery, parseListQuery } from '../../lib/lists/query/parse-list-query.ts';

const everything: ListQuery = {
  filter: {},
  sort: [{ field: '_id', descending: false }],
  page: 1,
  perPage: 25,
};
const withFilter = (filter: ListFilter): ListQuery => ({ ...everything, filter });
const withSort = (...sort: ListQuery['sort']): ListQuery => ({ ...everything, sort });

/** The outcome of a query: the parsed query, or the error. */
const outcomeOf = (raw: string) => {
  try {
    return { parsed: parseListQuery(raw) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { code: error.code, details: error.details };
  }
};
const invalid = (...details: [path: string, message: string][]) => ({
  code: 'invalid_request',
  details: details.map(([path, message]) => ({ path, message })),
});

/** A query with raw brackets, and with encoded brackets: clients write both. */
const rawAndEncoded = (raw: string): string[] => [raw, raw.replaceAll('[', '%5B').replaceAll(']', '%5D')];

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const idOf = (index: number): string => `60f1b2b3c9e9a1234567${index.toString(16).padStart(4, '0')}`;

describe('A query without values lists everything from the beginning, by _id', () => {
  test.each([
    ['an empty query', ''],
    ['only separators', '&&'],
    [
      'all parameters empty',
      'page=&per_page=&cursor=&sort=&sortPageOrder=&sortBy=&_id=&name=&local_name=&search=',
    ],
    ['all filters empty', 'disabled=&from_updatedAt=&from__id=&to__id='],
    ['null, as URLSearchParams writes it', 'page=null&_id=null&sortBy=null&disabled=null'],
    [
      'undefined, as URLSearchParams writes it',
      'page=undefined&name=undefined&sortBy[0][field]=undefined&sortBy[0][type]=&cursor=undefined',
    ],
    ['names without a value', 'page&_id&sortBy&disabled'],
  ])('%s', (_, raw) => {
    expect(parseListQuery(raw)).toEqual(everything);
  });

  test('absent parameters have no field in the result', () => {
    expect(Object.keys(parseListQuery('cursor=&name='))).toEqual(['filter', 'sort', 'page', 'perPage']);
    expect(Object.keys(parseListQuery('name=&disabled=null&search=+').filter)).toEqual([]);
  });
});

describe('page and per_page take whole numbers', () => {
  test.each([
    ['page=2', { page: 2, perPage: 25 }],
    ['per_page=1', { page: 1, perPage: 1 }],
    ['per_page=100', { page: 1, perPage: 100 }],
    ['page=400&per_page=25', { page: 400, perPage: 25 }],
    ['page=&page=3', { page: 3, perPage: 25 }],
    ['page=007', { page: 7, perPage: 25 }],
  ])('%s is valid', (raw, paging) => {
    expect(parseListQuery(raw)).toEqual({ ...everything, ...paging });
  });

  const notNumbers = [
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '%2B5',
    '+5',
    '5+',
    '٥',
    'NaN',
    'Infinity',
    'true',
    '1,2',
    '9007199254740992',
  ];
  test.each(['0', ...notNumbers])('page=%s is invalid', (page) => {
    expect(outcomeOf(`page=${page}`)).toEqual(
      invalid(['page', 'must be a whole number from 1 to 9007199254740991, written in digits only']),
    );
  });
  test.each(['0', '101', ...notNumbers])('per_page=%s is invalid', (perPage) => {
    expect(outcomeOf(`per_page=${perPage}`)).toEqual(
      invalid(['per_page', 'must be a whole number from 1 to 100, written in digits only']),
    );
  });
});

describe('cursor takes any text', () => {
  test('the text stays as it was sent', () => {
    expect(parseListQuery('cursor=AbC-_1&per_page=5')).toEqual({
      ...everything,
      cursor: 'AbC-_1',
      perPage: 5,
    });
  });
  test('it excludes page', () => {
    expect(outcomeOf('cursor=x&page=1')).toEqual(
      invalid(['page', "can't be combined with cursor: the cursor already holds the page"]),
    );
    expect(outcomeOf('cursor=x&page=0').details).toHaveLength(2);
  });
  test('it does not exclude an absent page', () => {
    expect(parseListQuery('cursor=x&page=')).toEqual({ ...everything, cursor: 'x' });
  });
});

/** All forms in which clients send several values. */
const listForms: [form: string, write: (name: string, values: string[]) => string][] = [
  ['as JSON', (name, values) => `${name}=${JSON.stringify(values)}`],
  ['as encoded JSON', (name, values) => `${name}=${encodeURIComponent(JSON.stringify(values))}`],
  [
    'as JSON, encoded by URLSearchParams',
    (name, values) => `${new URLSearchParams({ [name]: JSON.stringify(values) })}`,
  ],
  ['with empty brackets', (name, values) => values.map((value) => `${name}[]=${value}`).join('&')],
  ['with indexes', (name, values) => values.map((value, index) => `${name}[${index}]=${value}`).join('&')],
  ['repeated', (name, values) => values.map((value) => `${name}=${value}`).join('&')],
  [
    'repeated among other parameters',
    (name, values) => `per_page=25&${values.map((value) => `${name}=${value}&`).join('')}page=1`,
  ],
];

describe.each([1, 2, 100])('A filter with %i of the 100 allowed values', (count) => {
  const ids = upTo(count).map(idOf);
  const names = upTo(count).map((index) => `n${index}`);

  test.each(listForms)('is the same in every form: %s', (_, write) => {
    for (const encode of [0, 1]) {
      const parse = (name: string, values: string[]) =>
        parseListQuery(rawAndEncoded(write(name, values))[encode] ?? '');
      expect(parse('_id', ids)).toEqual(withFilter({ ids }));
      expect(parse('name', names)).toEqual(withFilter({ names }));
      expect(parse('local_name', names)).toEqual(withFilter({ localNames: names }));
    }
  });

  test('is split at commas only for _id', () => {
    expect(parseListQuery(`_id=${ids.join(',')}`)).toEqual(withFilter({ ids }));
    expect(parseListQuery(`_id[]=${ids.join('%2C')}`)).toEqual(withFilter({ ids }));
    expect(parseListQuery(`_id=${ids.join(',+')}`)).toEqual(withFilter({ ids }));
    expect(parseListQuery(`name=${names.join(',')}`)).toEqual(withFilter({ names: [names.join(',')] }));
  });
});

describe('A filter that takes several values', () => {
  test.each([
    ['an empty list matches nothing', '_id=[]', { ids: [] }],
    ['an empty list of names matches nothing', 'name=%5B%5D', { names: [] }],
    ['commas without ids match nothing', '_id=,', { ids: [] }],
    ['a trailing comma is ignored', '_id=a,', { ids: ['a'] }],
    ['an empty element is ignored beside another', 'name[]=&name[]=a', { names: ['a'] }],
    ['an empty element alone matches nothing', '_id[]=', { ids: [] }],
    ['an empty element with an index matches nothing', 'name[0]=', { names: [] }],
    ['an empty element without an equals sign matches nothing', 'local_name[]', { localNames: [] }],
    ['elements of null and undefined match nothing', 'name[]=null&name[]=undefined', { names: [] }],
    ['an absent parameter beside an empty element matches nothing', '_id=&_id[]=', { ids: [] }],
    ['ids are lower-cased', '_id=60F1B2B3C9E9A12345678901', { ids: ['60f1b2b3c9e9a12345678901'] }],
    ['names keep their case', 'name=Retail', { names: ['Retail'] }],
    ['malformed ids are kept', '_id=..%2F,X', { ids: ['../', 'x'] }],
    ['ids that begin like JSON, but are not JSON, are split at commas', '_id=[1,"a"', { ids: ['[1', '"a"'] }],
    ['duplicates are removed', '_id=AB&_id=ab&_id[]=ab,aB', { ids: ['ab'] }],
    ['white space is part of a name', 'name=+a%20', { names: [' a '] }],
    ['a name may look like a list', 'name=[a]', { names: ['[a]'] }],
    ['a list of numbers is a name', 'name=[1]', { names: ['[1]'] }],
    ['a JSON list after a space is a name', 'name=+["a"]', { names: [' ["a"]'] }],
    ['a JSON list in a parameter with brackets is a name', 'name[]=["a"]', { names: ['["a"]'] }],
    ['"null" in a JSON list is a name', 'name=["null"]', { names: ['null'] }],
    ['names that no channel can have are ignored', 'name=["","\\ud800"]', { names: [] }],
    ['forms may be mixed', 'name=a&name[]=b&name[7]=c&name=["d"]', { names: ['a', 'b', 'c', 'd'] }],
    [
      '101 values are valid if two of them are equal',
      `name=n0&${upTo(100)
        .map((index) => `name=n${index}`)
        .join('&')}`,
      { names: upTo(100).map((index) => `n${index}`) },
    ],
  ])('%s', (_, raw, filter) => {
    expect(parseListQuery(raw)).toEqual(withFilter(filter));
  });

  test.each(['_id', 'name', 'local_name'])('%s takes at most 100 values', (name) => {
    const values = upTo(101).map((index) => `n${index}`);
    for (const [, write] of listForms) {
      expect(outcomeOf(write(name, values))).toEqual(
        invalid([name, 'takes at most 100 values, but was given 101']),
      );
    }
  });

  test.each(['_id[a]', '_id[0][1]', '_id[][]', '_id[-1]'])('%s is not written as a list', (name) => {
    const message = 'is not written as a list: write _id=a&_id=b, _id[]=a or _id[0]=a';
    expect(outcomeOf(`${name}=x`)).toEqual(invalid([name, message]));
    expect(outcomeOf(`${name}=`)).toEqual(invalid([name, message]));
  });
});

describe('A parameter that takes one value', () => {
  test.each([
    ['disabled=true', { disabled: true }],
    ['disabled=false', { disabled: false }],
    ['from_updatedAt=0', { updatedAfter: 0 }],
    ['from_updatedAt=1700000000000', { updatedAfter: 1_700_000_000_000 }],
    ['from__id=60F1B2B3C9E9A12345678901', { after: '60f1b2b3c9e9a12345678901' }],
    ['from__id=Cursor_-', { after: 'Cursor_-' }],
    ['to__id=60F1B2B3C9E9A12345678901', { before: '60f1b2b3c9e9a12345678901' }],
    ['to__id=60F1B2B3C9E9A123456789012', { before: '60F1B2B3C9E9A123456789012' }],
  ])('%s gives the filter %j', (raw, filter) => {
    expect(parseListQuery(raw)).toEqual(withFilter(filter));
  });

  test.each([
    'TRUE',
    '1',
    '0',
    'yes',
    '+true',
    '__proto__',
    'toString',
  ])('disabled=%s is invalid', (value) => {
    expect(outcomeOf(`disabled=${value}`)).toEqual(invalid(['disabled', 'must be true or false']));
  });

  const seconds = [1_000_000_000, 1_700_000_000, 99_999_999_999];
  const day = 24 * 60 * 60 * 1000;

  test.each([
    '-1',
    '1.5',
    '1e3',
    '+5',
    '2024-01-01',
    '2026-11-28T10:00:00.000Z',
    ...seconds.map(String),
    '1700000000000000',
    '9007199254740992',
    `${Date.now() + 366 * day}`,
  ])('from_updatedAt=%s is no time in milliseconds, and the message says what is', (value) => {
    expect(outcomeOf(`from_updatedAt=${encodeURIComponent(value)}`)).toEqual(
      invalid([
        'from_updatedAt',
        'must be a whole number of milliseconds since the epoch, as in 1700000000000 (no seconds, no date as text), at most a year ahead',
      ]),
    );
  });

  test.each([
    0,
    999_999_999,
    100_000_000_000,
    Date.now(),
    Date.now() + 364 * day,
  ])('from_updatedAt=%i is a time in milliseconds', (value) => {
    expect(parseListQuery(`from_updatedAt=${value}`)).toEqual(withFilter({ updatedAfter: value }));
  });

  const oneValueEach = [
    'page=1',
    'per_page=1',
    'cursor=x',
    'sort=name',
    'sortPageOrder=asc',
    'search=x',
    'disabled=true',
    'from_updatedAt=1',
    'from__id=x',
    'to__id=x',
  ];
  test.each(oneValueEach)('%s may be neither repeated nor have brackets', (parameter) => {
    const [name = '', value] = parameter.split('=');
    expect(outcomeOf(`${parameter}&${parameter}`)).toEqual(
      invalid([name, 'takes one value, but was given 2']),
    );
    expect(outcomeOf(`${name}=&${parameter}`)).toEqual({ parsed: parseListQuery(parameter) });
    expect(outcomeOf(`${name}[]=${value}`)).toEqual(
      invalid([`${name}[]`, 'takes one value, without brackets']),
    );
  });
});

describe('search takes a text and makes terms of it', () => {
  test.each([
    ['terms are folded', 'search=Caf%C3%A9+RETAIL', { terms: ['cafe', 'retail'] }],
    ['Arabic terms are folded', `search=${encodeURIComponent('قَنـاة')}`, { terms: ['قناه'] }],
    ['duplicate terms are removed', 'search=a+B+A+%C3%A1+b', { terms: ['a', 'b'] }],
    [
      'a character that folds to several terms gives each term once',
      `search=${encodeURIComponent('\uFDFA'.repeat(256))}`,
      { terms: ['صلي', 'الله', 'عليه', 'وسلمصلي', 'وسلم'] },
    ],
    ['white space only is absent', 'search=+%09%E3%80%80', {}],
    ['characters that nobody can see are absent', 'search=%E2%80%8B%EF%BB%BF+%E2%A0%80', {}],
    [
      'characters that nobody can see, beside another search, are absent',
      'search=%E2%80%8B&search=a',
      { terms: ['a'] },
    ],
    ['white space beside another search is absent', 'search=+&search=a', { terms: ['a'] }],
    ['an accent without a letter is a term', 'search=%C2%A8', { terms: ['\u00A8'] }],
    ['JSON is ordinary text', 'search=["a"]', { terms: ['["a"]'] }],
    ['256 characters are valid', `search=${'%F0%9F%98%80'.repeat(256)}`, { terms: ['😀'.repeat(256)] }],
  ])('%s', (_, raw, filter) => {
    expect(parseListQuery(raw)).toEqual(withFilter(filter));
  });

  test('257 characters are invalid', () => {
    expect(outcomeOf(`search=${'a'.repeat(257)}`)).toEqual(
      invalid(['search', 'must be at most 256 characters']),
    );
  });
});

describe('sort takes a field, and sortPageOrder a direction', () => {
  test.each([
    ['sort=name', 'name', false],
    ['sort=-name', 'name', true],
    ['sort=name&sortPageOrder=asc', 'name', false],
    ['sort=name&sortPageOrder=desc', 'name', true],
    ['sort=name&sortPageOrder=dsc', 'name', true],
    ['sort=-name&sortPageOrder=desc', 'name', true],
    ['sort=-name&sortPageOrder=asc', 'name', true],
    ['sortPageOrder=desc', '_id', true],
    ['sort=_id', '_id', false],
    ['sort=-local_name', 'local_name', true],
    ['sort=disabled', 'disabled', false],
    ['sort=createdAt', 'createdAt', false],
    ['sort=-updatedAt', 'updatedAt', true],
  ] as const)('%s sorts by %s (descending: %s)', (raw, field, descending) => {
    expect(parseListQuery(raw)).toEqual(withSort({ field, descending }));
  });

  test.each([
    'Name',
    'names',
    '--name',
    '-',
    '+name',
    'name,_id',
    '__proto__',
    'integration_meta.a',
  ])('sort=%s is invalid', (value) => {
    expect(outcomeOf(`sort=${value}`)).toEqual(
      invalid([
        'sort',
        'must be one of _id, name, local_name, disabled, createdAt, updatedAt, with a leading - for descending',
      ]),
    );
  });
  test.each(['DESC', 'descending', '-1', '1'])('sortPageOrder=%s is invalid', (value) => {
    expect(outcomeOf(`sortPageOrder=${value}`)).toEqual(
      invalid(['sortPageOrder', 'must be asc or desc or dsc']),
    );
  });
});

describe('sortBy takes a list of fields and types', () => {
  test.each([
    ['as JSON', 'sortBy=[{"field":"_id","type":"desc"}]'],
    ['as one JSON object', 'sortBy={"field":"_id","type":"desc"}'],
    ['as JSON with empty brackets', 'sortBy[]={"field":"_id","type":"desc"}'],
    ['as JSON with an index', 'sortBy[0]={"field":"_id","type":"desc"}'],
    ['in parts with an index', 'sortBy[0][field]=_id&sortBy[0][type]=desc'],
    ['in parts, the type first', 'sortBy[0][type]=desc&sortBy[0][field]=_id'],
    ['in parts with empty brackets', 'sortBy[][field]=_id&sortBy[][type]=desc'],
    ['in parts without an index', 'sortBy[field]=_id&sortBy[type]=desc'],
    [
      'with a second element that is absent',
      'sortBy[0][field]=_id&sortBy[0][type]=desc&sortBy[1][field]=&sortBy[1][type]=null',
    ],
  ])('one field is the same in every form: %s', (_, raw) => {
    for (const form of [
      ...rawAndEncoded(raw),
      encodeURIComponent(raw).replaceAll('%3D', '=').replaceAll('%26', '&'),
    ]) {
      expect(parseListQuery(form)).toEqual(withSort({ field: '_id', descending: true }));
    }
  });

  test.each([
    ['as JSON', 'sortBy=[{"field":"name","type":"desc"},{"field":"_id"},{"type":"asc","field":"disabled"}]'],
    [
      'as JSON, repeated',
      'sortBy={"field":"name","type":"desc"}&sortBy={"field":"_id","type":null}&sortBy={"field":"disabled"}',
    ],
    [
      'as JSON with empty brackets',
      'sortBy[]={"field":"name","type":"desc"}&sortBy[]={"field":"_id","type":""}&sortBy[]={"field":"disabled"}',
    ],
    [
      'as JSON with indexes, in another order',
      'sortBy[10]={"field":"disabled"}&sortBy[2]={"field":"_id"}&sortBy[1]={"field":"name","type":"desc"}',
    ],
    [
      'in parts with indexes',
      'sortBy[0][field]=name&sortBy[0][type]=desc&sortBy[1][field]=_id&sortBy[2][field]=disabled&sortBy[2][type]=asc',
    ],
    [
      'in parts with indexes, in another order',
      'sortBy[2][field]=disabled&sortBy[1][field]=_id&sortBy[0][type]=desc&sortBy[0][field]=name',
    ],
    [
      'in parts with empty brackets',
      'sortBy[][field]=name&sortBy[][type]=desc&sortBy[][field]=_id&sortBy[][field]=disabled&sortBy[][type]=asc',
    ],
    [
      'in parts with empty brackets and an empty type',
      'sortBy[][type]=desc&sortBy[][field]=name&sortBy[][type]=&sortBy[][field]=_id&sortBy[][type]=asc&sortBy[][field]=disabled',
    ],
  ])('several fields are the same in every form, in order: %s', (_, raw) => {
    for (const form of rawAndEncoded(raw)) {
      expect(parseListQuery(form)).toEqual(
        withSort(
          { field: 'name', descending: true },
          { field: '_id', descending: false },
          { field: 'disabled', descending: false },
        ),
      );
    }
  });

  test('an empty list means the default sort', () => {
    expect(parseListQuery('sortBy=[]')).toEqual(everything);
  });

  const noList =
    'must be a list of {"field": …, "type": …}: in JSON, or as sortBy[0][field]=name&sortBy[0][type]=desc';
  const noField = 'must have a field, one of _id, name, local_name, disabled, createdAt, updatedAt';
  test.each([
    ['an object that was not converted to JSON', 'sortBy=[object Object]', ['sortBy', noList]],
    ['the same, encoded', 'sortBy=%5Bobject+Object%5D', ['sortBy', noList]],
    ['the same with brackets', 'sortBy[]=[object Object]', ['sortBy[]', noList]],
    ['only a field', 'sortBy=name', ['sortBy', noList]],
    ['a list of fields', 'sortBy=["name"]', ['sortBy', noList]],
    ['a list in a list', 'sortBy=[[]]', ['sortBy', noList]],
    ['a list at an index', 'sortBy[0]=[{"field":"name"}]', ['sortBy[0]', noList]],
    ['null in a list', 'sortBy=[null]', ['sortBy', noList]],
    ['incomplete JSON', 'sortBy=[{"field":"name"', ['sortBy', noList]],
    ['an unknown part', 'sortBy[0][order]=desc', ['sortBy[0][order]', noList]],
    ['an unknown part without an index', 'sortBy[order]=desc', ['sortBy[order]', noList]],
    ['__proto__ as an index', 'sortBy[__proto__][field]=name', ['sortBy[__proto__][field]', noList]],
    ['a part of a part', 'sortBy[field][x]=name', ['sortBy[field][x]', noList]],
    ['a part of a part with an index', 'sortBy[0][field][x]=name', ['sortBy[0][field][x]', noList]],
    [
      'an unknown part in JSON',
      'sortBy=[{"field":"name","order":"desc"}]',
      ['sortBy[0]', 'may have a field and a type, but no order'],
    ],
    ['no field', 'sortBy[0][type]=desc', ['sortBy[0]', noField]],
    ['no field in JSON', 'sortBy=[{}]', ['sortBy[0]', noField]],
    ['an unknown field', 'sortBy=[{"field":"_id"},{"field":"color"}]', ['sortBy[1]', noField]],
    ['a field that is not text', 'sortBy=[{"field":1}]', ['sortBy[0]', noField]],
    ['a minus before the field', 'sortBy[0][field]=-name', ['sortBy[0]', noField]],
    [
      'an unknown type',
      'sortBy[0][field]=name&sortBy[0][type]=dsc',
      ['sortBy[0]', 'must have the type asc or desc'],
    ],
    [
      'a type that is not text',
      'sortBy=[{"field":"name","type":-1}]',
      ['sortBy[0]', 'must have the type asc or desc'],
    ],
    [
      'the same field twice',
      'sortBy=[{"field":"name"},{"field":"name","type":"desc"}]',
      ['sortBy[1]', 'repeats the field name'],
    ],
    [
      'the same part twice',
      'sortBy[0][field]=name&sortBy[0][field]=_id',
      ['sortBy[0][field]', 'takes one value, but was given several'],
    ],
    [
      'the same part twice without an index',
      'sortBy[field]=name&sortBy[field]=_id',
      ['sortBy[field]', 'takes one value, but was given several'],
    ],
    [
      'sort at the same time',
      'sort=name&sortBy[0][field]=_id',
      ['sort', "can't be combined with sortBy: both say how to sort"],
    ],
    [
      'sortPageOrder at the same time',
      'sortPageOrder=desc&sortBy[0][field]=_id',
      ['sortPageOrder', "can't be combined with sortBy: each element of sortBy has its own type"],
    ],
  ] as [string, string, [string, string]][])('it is invalid with %s', (_, raw, detail) => {
    expect(outcomeOf(raw)).toEqual(invalid(detail));
  });
});

describe('integration_meta takes conditions on metadata', () => {
  const condition = (path: string[], ...values: string[]) => ({
    path,
    values: values.length ? values : ['x'],
  });

  test.each([
    ['a key may follow a dot', 'integration_meta.id=x', [condition(['id'])]],
    ['a key may be in brackets', 'integration_meta[id]=x', [condition(['id'])]],
    ['a key may be in JSON', 'integration_meta={"id":"x"}', [condition(['id'])]],
    ['several dots separate levels', 'integration_meta.a.b=x', [condition(['a', 'b'])]],
    ['several brackets separate levels', 'integration_meta[a][b]=x', [condition(['a', 'b'])]],
    ['dots and brackets may be mixed', 'integration_meta.a[b]=x', [condition(['a', 'b'])]],
    ['nested JSON has levels', 'integration_meta={"a":{"b":"x"}}', [condition(['a', 'b'])]],
    ['a dot in brackets is part of the key', 'integration_meta[a.b]=x', [condition(['a.b'])]],
    ['a dot in JSON is part of the key', 'integration_meta={"a.b":"x"}', [condition(['a.b'])]],
    ['empty brackets before others are the empty key', 'integration_meta[][b]=x', [condition(['', 'b'])]],
    ['digits in brackets before others are a key', 'integration_meta[0][b]=x', [condition(['0', 'b'])]],
    ['digits after a dot are a key', 'integration_meta.a.0=x', [condition(['a', '0'])]],
    ['digits in JSON are a key', 'integration_meta={"a":{"0":"x"}}', [condition(['a', '0'])]],
    ['the empty key may occur in JSON', 'integration_meta={"":"x"}', [condition([''])]],
    ['__proto__ is an ordinary key', 'integration_meta.__proto__=x', [condition(['__proto__'])]],
    [
      '__proto__ in brackets is an ordinary key',
      'integration_meta[__proto__][a]=x',
      [condition(['__proto__', 'a'])],
    ],
    [
      '__proto__ in JSON is an ordinary key',
      'integration_meta={"__proto__":{"a":"x"}}',
      [condition(['__proto__', 'a'])],
    ],
    ['a key may contain a bracket', 'integration_meta[a%5Db]=x', [condition(['a]b'])]],
    ['a key may contain a dollar sign after its beginning', 'integration_meta[a$]=x', [condition(['a$'])]],
    [
      'several conditions may be in different forms',
      'integration_meta.a=x&integration_meta[b]=y&integration_meta={"c":"z"}',
      [condition(['a']), condition(['b'], 'y'), condition(['c'], 'z')],
    ],
    [
      'scalars in JSON become text',
      'integration_meta={"a":1.50,"b":true,"c":"null","d":" ","e":-0}',
      [
        condition(['a'], '1.5'),
        condition(['b'], 'true'),
        condition(['c'], 'null'),
        condition(['d'], ' '),
        condition(['e'], '0'),
      ],
    ],
    [
      'integers that no double holds keep their digits',
      'integration_meta={"a":9007199254740993,"b":[9007199254740993,9007199254740992]}',
      [condition(['a'], '9007199254740993'), condition(['b'], '9007199254740992', '9007199254740993')],
    ],
    [
      'JSON in a string of JSON is text',
      'integration_meta={"a":"{\\"b\\":[1]}"}',
      [condition(['a'], '{"b":[1]}')],
    ],
    ['a value may begin like JSON', 'integration_meta.a=[x', [condition(['a'], '[x')]],
    ['a JSON string as the value of a key is text', 'integration_meta.a="x"', [condition(['a'], '"x"')]],
    ['commas are part of the value', 'integration_meta.a=x,y', [condition(['a'], 'x,y')]],
    ['white space is part of the value', 'integration_meta.a=+x+', [condition(['a'], ' x ')]],
  ])('%s', (_, raw, metadata) => {
    for (const form of rawAndEncoded(raw)) expect(parseListQuery(form)).toEqual(withFilter({ metadata }));
  });

  describe('A condition may have several values', () => {
    const names = ['integration_meta.a', 'integration_meta[a]'];
    const inObject = (values: string[]) => `integration_meta=${JSON.stringify({ a: values })}`;

    test.each([1, 2, 100])('%i values are the same in every form', (count) => {
      const values = upTo(count).map((index) => `v${index}`);
      const forms = names.flatMap((name) => listForms.map(([, write]) => write(name, values)));
      for (const raw of [...forms, inObject(values)])
        for (const form of rawAndEncoded(raw))
          expect(parseListQuery(form)).toEqual(
            withFilter({ metadata: [condition(['a'], ...values.toSorted())] }),
          );
    });

    test('at most 100 different values', () => {
      const values = upTo(101).map((index) => `v${index}`);
      for (const name of names)
        for (const [, write] of listForms)
          expect(outcomeOf(write(name, values))).toEqual(
            invalid(['integration_meta.a', 'takes at most 100 values, but was given 101']),
          );
      expect(outcomeOf(inObject(values))).toEqual(
        invalid(['integration_meta.a', 'takes at most 100 values, but was given 101']),
      );
      expect(parseListQuery(inObject([...values.slice(1), 'v1']))).toEqual(
        withFilter({ metadata: [condition(['a'], ...values.slice(1).toSorted())] }),
      );
    });

    test.each([
      ['an empty list has no value', 'integration_meta.a=[]', []],
      ['an empty list in JSON has no value', 'integration_meta={"a":[]}', []],
      ['an empty list beside a value is ignored', 'integration_meta.a=[]&integration_meta.a=x', ['x']],
      ['numbers and booleans of a list become text', 'integration_meta.a=[1.50,true]', ['1.5', 'true']],
      ['a list may be written with white space', 'integration_meta.a=+[+"x"+]', ['x']],
      [
        'words of a list have no special meaning',
        'integration_meta.a=["null","undefined"]',
        ['null', 'undefined'],
      ],
      [
        'texts in an object of JSON have no special meaning',
        'integration_meta={"a":["null","undefined"]}',
        ['null', 'undefined'],
      ],
      [
        'forms may be mixed',
        'integration_meta.a=4&integration_meta[a][]=3&integration_meta.a[7]=2&integration_meta={"a":1}&integration_meta[a]=["0"]',
        ['0', '1', '2', '3', '4'],
      ],
      [
        'duplicates are removed',
        'integration_meta.a=x&integration_meta.a=y&integration_meta[a]=x',
        ['x', 'y'],
      ],
    ])('%s', (_, raw, values) => {
      for (const form of rawAndEncoded(raw))
        expect(parseListQuery(form)).toEqual(withFilter({ metadata: [{ path: ['a'], values }] }));
    });
  });

  const noKey = 'must have a key after each dot';
  const noBracket = 'may have brackets only after its last dot';
  const noObject = 'must be a JSON object, or must name a key, as in integration_meta.external_id=…';
  const noValue =
    'has no value: a metadata filter needs one, because without it the list would hold every channel';
  const operator =
    'must be text, or a list of texts: there are no operators, and several values mean any of them';
  const noScalars = 'may list strings, numbers and booleans, but no lists and no objects';
  const blankElement = 'lists an empty value';
  const dollar = 'has a key that begins with $: there are no operators, and several values mean any of them';

  test.each([
    ['a text', 'integration_meta=x', ['integration_meta', noObject]],
    ['a JSON list', 'integration_meta=[]', ['integration_meta', noObject]],
    ['a JSON string', 'integration_meta="x"', ['integration_meta', noObject]],
    ['a list without a key', 'integration_meta[]=x', ['integration_meta[]', noObject]],
    ['an index without a key', 'integration_meta[0]={"a":"x"}', ['integration_meta[0]', noObject]],
    [
      'an object that was not converted to JSON',
      'integration_meta=[object Object]',
      ['integration_meta', noObject],
    ],
    [
      'a key that occurs twice in one object',
      'integration_meta={"a":"x","b":{"c":"x","\\u0063":"y"}}',
      ['integration_meta', 'holds the key "c" twice in one object'],
    ],
    ['a dot at the end', 'integration_meta.=x', ['integration_meta.', noKey]],
    ['two dots in a row', 'integration_meta.a..b=x', ['integration_meta.a..b', noKey]],
    ['brackets between dots', 'integration_meta.a[b].c=x', ['integration_meta.a[b].c', noBracket]],
    ['a bracket that is not opened', 'integration_meta.a]=x', ['integration_meta.a]', noBracket]],
    ['two dots in a row and no value', 'integration_meta..a=', ['integration_meta..a', noKey]],
    ['a list in a list', 'integration_meta.a[][]=x', ['integration_meta.a[][]', noScalars]],
    ['an index in a list', 'integration_meta[a][0][1]=x', ['integration_meta[a][0][1]', noScalars]],
    ['a JSON list as an element', 'integration_meta.a[]=["x"]', ['integration_meta.a[]', noScalars]],
    ['an empty JSON list as an element', 'integration_meta.a[0]=[]', ['integration_meta.a[0]', noScalars]],
    ['a list in a JSON list', 'integration_meta.a=[["x"]]', ['integration_meta.a', noScalars]],
    ['an object in a JSON list', 'integration_meta.a=[{"b":"x"}]', ['integration_meta.a', noScalars]],
    ['an object in a list in JSON', 'integration_meta={"a":[{"b":"x"}]}', ['integration_meta.a', noScalars]],
    ['an empty text in a JSON list', 'integration_meta.a=["x",""]', ['integration_meta.a', blankElement]],
    ['null in a JSON list', 'integration_meta.a=[null]', ['integration_meta.a', blankElement]],
    ['an empty text in an object', 'integration_meta={"a":{"b":""}}', ['integration_meta.a.b', noValue]],
    ['null in an object', 'integration_meta={"a":null}', ['integration_meta.a', noValue]],
    [
      'an empty text in a list in an object',
      'integration_meta={"a":["x",""]}',
      ['integration_meta.a', blankElement],
    ],
    ['null in a list in an object', 'integration_meta={"a":[null]}', ['integration_meta.a', blankElement]],
    ['a JSON object as the value of a key', 'integration_meta.a={"b":1}', ['integration_meta.a', operator]],
    ['an empty object as the value of a key', 'integration_meta.a={}', ['integration_meta.a', operator]],
    ['a JSON object as an element', 'integration_meta.a[]=+{"b":1}', ['integration_meta.a[]', operator]],
    [
      'an object that was not converted to JSON, as the value of a key',
      'integration_meta.a=[object Object]',
      ['integration_meta.a', operator],
    ],
    ['an operator in brackets', 'integration_meta.a[$in]=x', ['integration_meta.a[$in]', dollar]],
    ['an operator with a list', 'integration_meta[a][$in][]=x', ['integration_meta[a][$in][]', dollar]],
    ['an operator after a dot', 'integration_meta.a.$in=x', ['integration_meta.a.$in', dollar]],
    ['an operator without a key', 'integration_meta[$where]=x', ['integration_meta[$where]', dollar]],
    ['an operator in JSON', 'integration_meta={"a":{"$in":["x"]}}', ['integration_meta.a.$in', dollar]],
    ['an operator in the value', 'integration_meta.a={"$in":["x"]}', ['integration_meta.a', operator]],
  ] as [string, string, [string, string]][])('it is invalid with %s', (_, raw, detail) => {
    for (const form of rawAndEncoded(raw)) expect(outcomeOf(form)).toEqual(invalid(detail));
  });

  test.each([
    'integration_meta',
    'integration_meta.a',
    'integration_meta[a]',
    'integration_meta.a[]',
    'integration_meta[a][0]',
  ])('it is invalid without a value: %s', (name) => {
    for (const value of ['', '=', '=null', '=undefined'])
      expect(outcomeOf(`${name}${value}`)).toEqual(invalid([name, noValue]));
  });

  test.each([
    ['{}', 'integration_meta'],
    ['{ }', 'integration_meta'],
    ['{"a":{}}', 'integration_meta.a'],
    ['{"b":"x","a":{"c":{}}}', 'integration_meta.a.c'],
  ])('it is invalid with an empty object: %s', (json, name) => {
    expect(outcomeOf(`integration_meta=${json}`)).toEqual(invalid([name, noValue]));
  });

  test('an empty value beside another is invalid', () => {
    expect(outcomeOf('integration_meta.a=&integration_meta.a=x')).toEqual(
      invalid(['integration_meta.a', noValue]),
    );
    expect(outcomeOf('integration_meta.a[]=x&integration_meta.a[]=')).toEqual(
      invalid(['integration_meta.a[]', noValue]),
    );
  });

  const levels = (count: number) => upTo(count).map((index) => `k${index}`);
  const inJson = (path: string[]) => path.reduceRight<string>((inner, key) => `{"${key}":${inner}}`, '"x"');
  test('a condition has at most 16 levels', () => {
    const tooDeep = 'may have at most 16 levels';
    const dotted = (count: number) => `integration_meta.${levels(count).join('.')}`;

    expect(parseListQuery(`${dotted(16)}=x`)).toEqual(withFilter({ metadata: [condition(levels(16))] }));
    expect(parseListQuery(`${dotted(16)}[]=x`)).toEqual(withFilter({ metadata: [condition(levels(16))] }));
    expect(parseListQuery(`integration_meta=${inJson(levels(16))}`)).toEqual(
      withFilter({ metadata: [condition(levels(16))] }),
    );
    expect(outcomeOf(`${dotted(17)}=x`)).toEqual(invalid([dotted(17), tooDeep]));
    expect(outcomeOf(`integration_meta=${inJson(levels(17))}`)).toEqual(invalid([dotted(17), tooDeep]));
    expect(outcomeOf(`integration_meta=${inJson(levels(1_000))}`)).toEqual(invalid([dotted(17), tooDeep]));
  });

  test.each([
    ['with dots', (keys: string[]) => keys.map((key) => `integration_meta.${key}=x`).join('&')],
    ['as JSON', (keys: string[]) => `integration_meta={${keys.map((key) => `"${key}":"x"`).join()}}`],
  ])('there are at most 100 conditions: %s', (_, write) => {
    expect(parseListQuery(write(levels(100)))).toEqual(
      withFilter({ metadata: levels(100).map((key) => condition([key])) }),
    );
    expect(outcomeOf(write(levels(101)))).toEqual(
      invalid(['integration_meta', 'takes at most 100 conditions, but was given 101']),
    );
  });

  test('any key without a dollar sign and any value that is not empty can be searched for', () => {
    const key = fc
      .oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor', 'a.b', '0'))
      .filter((name) => !name.startsWith('$'));
    const values = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(key, values, (name, texts) => {
        const expected = withFilter({ metadata: [{ path: [name], values: texts.toSorted() }] });
        const json = JSON.stringify({ [name]: texts });
        expect(parseListQuery(`integration_meta=${encodeURIComponent(json)}`)).toEqual(expected);
        fc.pre(!/^\d*$|\]\[/.test(name) && texts.every((text) => !/^null$|^undefined$|^\s*[[{]/.test(text)));
        const element = `integration_meta[${encodeURIComponent(name)}][]`;
        const pairs = texts.map((text) => `${element}=${encodeURIComponent(text)}`);
        expect(parseListQuery(pairs.join('&'))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('it does not pollute the prototype of other objects', () => {
    parseListQuery(
      'integration_meta[__proto__][polluted]=x&integration_meta.constructor.prototype.polluted=x',
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('An unknown parameter is an error', () => {
  const all =
    'is not known (known: page, per_page, cursor, sort, sortPageOrder, sortBy, _id, name, local_name, search, disabled, ' +
    'from_updatedAt, from__id, to__id, integration_meta)';
  test.each([
    'color',
    '__proto__',
    'constructor',
    '',
    'sortBy.field',
    'integration_meta[a].b',
    'integration_metadata.a',
    'limit',
    'namename',
  ])('"%s": the message lists the known names', (name) => {
    expect(outcomeOf(`${name}=x`)).toEqual(invalid([name, all]));
    expect(outcomeOf(`${name}=`)).toEqual(invalid([name, all]));
  });

  test.each([
    ['perPage', 'per_page'],
    ['per-page', 'per_page'],
    ['from_id', 'from__id'],
    ['id', '_id'],
    ['Page', 'page'],
    ['disable', 'disabled'],
    ['serach', 'search'],
    ['curser', 'cursor'],
    ['names', 'name'],
    ['external_id', 'integration_meta.external_id'],
    ['externalId', 'integration_meta.external_id'],
  ])('"%s": the message suggests %s', (name, similar) => {
    expect(outcomeOf(`${name}[]=x&${name}[]=y`)).toEqual(
      invalid([name, `is not known (did you mean ${similar}?)`]),
    );
  });
});

describe('The error of an invalid query', () => {
  test('has a detail for each problem, in the order of the query', () => {
    expect(outcomeOf('per_page=0&foo=1&disabled=x&page=-1&sortBy=[{"field":"x","type":"y"}]')).toEqual(
      invalid(
        ['per_page', 'must be a whole number from 1 to 100, written in digits only'],
        ['foo', expect.stringMatching(/^is not known/) as unknown as string],
        ['disabled', 'must be true or false'],
        ['page', 'must be a whole number from 1 to 9007199254740991, written in digits only'],
        ['sortBy[0]', 'must have a field, one of _id, name, local_name, disabled, createdAt, updatedAt'],
        ['sortBy[0]', 'must have the type asc or desc'],
      ),
    );
  });

  const unknown = (count: number) => upTo(count).map((index) => `x${index}=`);
  test.each([
    ['3,000 unknown names', unknown(3_000).join('&'), 3_000, 'x99'],
    ['101 unknown names', unknown(101).join('&'), 101, 'x99'],
    ['a list of 4,000 numbers', `sortBy=[${upTo(4_000)}]`, 4_000, 'sortBy'],
  ])('has at most 100 details, and states the number of problems: %s', (_, raw, count, last) => {
    const { details } = outcomeOf(raw);
    expect(details).toHaveLength(100);
    expect(details?.at(-1)?.path).toBe(last);
    expect(JSON.stringify(details).length).toBeLessThan(30_000);
    expect(() => parseListQuery(raw)).toThrow(
      `. This is the first of ${count} problems: see the details, which are the first 100.`,
    );
  });

  test('has a message for people, which describes the first problem', () => {
    expect(() => parseListQuery('disabled=1')).toThrow(
      'The query parameter "disabled" must be true or false.',
    );
    expect(() => parseListQuery('disabled=1&page=0')).toThrow(
      'The query parameter "disabled" must be true or false. This is the first of 2 problems: see the details.',
    );
  });
});

test('Any text is either parsed or an invalid_request', () => {
  const names =
    'page per_page cursor sort sortPageOrder sortBy _id name search disabled integration_meta'.split(' ');
  const part = fc.constantFrom(
    ...names,
    '[',
    ']',
    '[0]',
    '[field]',
    '[]',
    '=',
    '=',
    '&',
    '.',
    '{"a":',
    '}',
    '["',
    '%5B',
    'null',
    '1',
  );
  fc.assert(
    fc.property(fc.string({ unit: part, maxLength: 30 }), (raw) => {
      const { parsed, code } = outcomeOf(raw);
      expect(parsed !== undefined || code === 'invalid_request').toBe(true);
    }),
    { numRuns: 500 },
  );
});
