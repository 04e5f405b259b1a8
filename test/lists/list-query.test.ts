import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../lib/errors.ts';
import { type ListFilter, type ListQuery, parseListQuery } from '../../lib/lists/query/list-query.ts';

const everything: ListQuery = {
  filter: {},
  sort: [{ field: '_id', descending: false }],
  page: 1,
  perPage: 25,
};
const withFilter = (filter: ListFilter): ListQuery => ({ ...everything, filter });
const withSort = (...sort: ListQuery['sort']): ListQuery => ({ ...everything, sort });

/** What a request is refused with. */
const refusal = (raw: string) => {
  try {
    return { parsed: parseListQuery(raw) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { code: error.code, details: error.details };
  }
};
const refusedWith = (...details: [path: string, message: string][]) => ({
  code: 'invalid_request',
  details: details.map(([path, message]) => ({ path, message })),
});

/** The query as clients write it that leave brackets as they are, and as those do that encode them. */
const rawAndEncoded = (raw: string): string[] => [raw, raw.replaceAll('[', '%5B').replaceAll(']', '%5D')];

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const idOf = (index: number): string => `60f1b2b3c9e9a1234567${index.toString(16).padStart(4, '0')}`;

describe('a query without parameters', () => {
  test.each([
    ['empty', ''],
    ['separators alone', '&&'],
    [
      'every parameter empty',
      'page=&per_page=&cursor=&sort=&sortPageOrder=&sortBy=&_id=&name=&local_name=&search=',
    ],
    [
      'filters empty',
      'disabled=&from_updatedAt=&from__id=&to__id=&integration_meta=&integration_meta.a=&_id[]=',
    ],
    [
      'null, as URLSearchParams writes it',
      'page=null&_id=null&sortBy=null&integration_meta.a=null&disabled=null',
    ],
    [
      'undefined',
      'page=undefined&name[]=undefined&sortBy[0][field]=undefined&sortBy[0][type]=&cursor=undefined',
    ],
    ['no value', 'page&_id&sortBy&disabled'],
  ])('lists everything from the beginning, by _id: %s', (_, raw) => {
    expect(parseListQuery(raw)).toEqual(everything);
  });

  test('has no fields for what is absent', () => {
    expect(Object.keys(parseListQuery('cursor=&name='))).toEqual(['filter', 'sort', 'page', 'perPage']);
    expect(Object.keys(parseListQuery('name=&disabled=null&search=+').filter)).toEqual([]);
  });
});

describe('page and per_page', () => {
  test.each([
    ['page=2', { page: 2, perPage: 25 }],
    ['per_page=1', { page: 1, perPage: 1 }],
    ['per_page=100', { page: 1, perPage: 100 }],
    ['page=400&per_page=25', { page: 400, perPage: 25 }],
    ['page=&page=3', { page: 3, perPage: 25 }],
    ['page=007', { page: 7, perPage: 25 }],
  ])('%s', (raw, paging) => {
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
  test.each(['0', ...notNumbers])('page=%s is refused', (page) => {
    expect(refusal(`page=${page}`)).toEqual(
      refusedWith(['page', 'must be a whole number from 1 to 9007199254740991, in digits alone']),
    );
  });
  test.each(['0', '101', ...notNumbers])('per_page=%s is refused', (perPage) => {
    expect(refusal(`per_page=${perPage}`)).toEqual(
      refusedWith(['per_page', 'must be a whole number from 1 to 100, in digits alone']),
    );
  });
});

describe('cursor', () => {
  test('is kept as it was sent', () => {
    expect(parseListQuery('cursor=AbC-_1&per_page=5')).toEqual({
      ...everything,
      cursor: 'AbC-_1',
      perPage: 5,
    });
  });
  test('excludes page', () => {
    expect(refusal('cursor=x&page=1')).toEqual(
      refusedWith(['page', "can't be given together with cursor: a cursor carries its page"]),
    );
    expect(refusal('cursor=x&page=0').details).toHaveLength(2);
  });
  test('goes with a page that counts as absent', () => {
    expect(parseListQuery('cursor=x&page=')).toEqual({ ...everything, cursor: 'x' });
  });
});

/** Every form in which clients send several values. */
const listForms: [form: string, write: (name: string, values: string[]) => string][] = [
  ['JSON', (name, values) => `${name}=${JSON.stringify(values)}`],
  ['encoded JSON', (name, values) => `${name}=${encodeURIComponent(JSON.stringify(values))}`],
  [
    'URLSearchParams over JSON',
    (name, values) => `${new URLSearchParams({ [name]: JSON.stringify(values) })}`,
  ],
  ['empty brackets', (name, values) => values.map((value) => `${name}[]=${value}`).join('&')],
  ['indexes', (name, values) => values.map((value, index) => `${name}[${index}]=${value}`).join('&')],
  ['repetition', (name, values) => values.map((value) => `${name}=${value}`).join('&')],
  [
    'repetition, among others',
    (name, values) => `per_page=25&${values.map((value) => `${name}=${value}&`).join('')}page=1`,
  ],
];

describe.each([1, 2, 100])('%i values', (count) => {
  const ids = upTo(count).map(idOf);
  const names = upTo(count).map((index) => `n${index}`);

  test.each(listForms)('are the same in every form: %s', (_, write) => {
    for (const encode of [0, 1]) {
      const read = (name: string, values: string[]) =>
        parseListQuery(rawAndEncoded(write(name, values))[encode] ?? '');
      expect(read('_id', ids)).toEqual(withFilter({ ids }));
      expect(read('name', names)).toEqual(withFilter({ names }));
      expect(read('local_name', names)).toEqual(withFilter({ localNames: names }));
    }
  });

  test('are split at commas for _id alone', () => {
    expect(parseListQuery(`_id=${ids.join(',')}`)).toEqual(withFilter({ ids }));
    expect(parseListQuery(`_id[]=${ids.join('%2C')}`)).toEqual(withFilter({ ids }));
    expect(parseListQuery(`_id=${ids.join(',+')}`)).toEqual(withFilter({ ids }));
    expect(parseListQuery(`name=${names.join(',')}`)).toEqual(withFilter({ names: [names.join(',')] }));
  });
});

describe('a filter of several values', () => {
  test.each([
    ['an empty list matches nothing', '_id=[]', { ids: [] }],
    ['an empty list of names', 'name=%5B%5D', { names: [] }],
    ['commas without ids match nothing', '_id=,', { ids: [] }],
    ['a trailing comma', '_id=a,', { ids: ['a'] }],
    ['an empty element', 'name[]=&name[]=a', { names: ['a'] }],
    ['ids are lower-cased', '_id=60F1B2B3C9E9A12345678901', { ids: ['60f1b2b3c9e9a12345678901'] }],
    ['names are not', 'name=Retail', { names: ['Retail'] }],
    ['malformed ids stay', '_id=..%2F,X', { ids: ['../', 'x'] }],
    ['ids that are no JSON after all', '_id=[1,"a"', { ids: ['[1', '"a"'] }],
    ['duplicates collapse', '_id=AB&_id=ab&_id[]=ab,aB', { ids: ['ab'] }],
    ['white space in names is theirs', 'name=+a%20', { names: [' a '] }],
    ['names that look like lists', 'name=[a]', { names: ['[a]'] }],
    ['names that are lists of numbers', 'name=[1]', { names: ['[1]'] }],
    ['names that begin with a space, and not with a list', 'name=+["a"]', { names: [' ["a"]'] }],
    ['names that look like JSON lists, in brackets', 'name[]=["a"]', { names: ['["a"]'] }],
    ['"null" in JSON is a name', 'name=["null"]', { names: ['null'] }],
    ['what no channel can be called', 'name=["","\\ud800"]', { names: [] }],
    ['forms can be mixed', 'name=a&name[]=b&name[7]=c&name=["d"]', { names: ['a', 'b', 'c', 'd'] }],
    [
      '101 values of which two are equal',
      `name=n0&${upTo(100)
        .map((index) => `name=n${index}`)
        .join('&')}`,
      { names: upTo(100).map((index) => `n${index}`) },
    ],
  ])('%s', (_, raw, filter) => {
    expect(parseListQuery(raw)).toEqual(withFilter(filter));
  });

  test.each(['_id', 'name', 'local_name'])('%s takes no more than 100', (name) => {
    const values = upTo(101).map((index) => `n${index}`);
    for (const [, write] of listForms) {
      expect(refusal(write(name, values))).toEqual(
        refusedWith([name, 'takes at most 100 values, and was given 101']),
      );
    }
  });

  test.each(['_id[a]', '_id[0][1]', '_id[][]', '_id[-1]'])('%s is no form of a list', (name) => {
    const accepted = 'is no form of a list: write _id=a&_id=b, _id[]=a or _id[0]=a';
    expect(refusal(`${name}=x`)).toEqual(refusedWith([name, accepted]));
    expect(refusal(`${name}=`)).toEqual(refusedWith([name, accepted]));
  });
});

describe('a filter of one value', () => {
  test.each([
    ['disabled=true', { disabled: true }],
    ['disabled=false', { disabled: false }],
    ['from_updatedAt=0', { updatedAfter: 0 }],
    ['from_updatedAt=1700000000000', { updatedAfter: 1_700_000_000_000 }],
    ['from__id=60F1B2B3C9E9A12345678901', { after: '60f1b2b3c9e9a12345678901' }],
    ['from__id=Cursor_-', { after: 'Cursor_-' }],
    ['to__id=60F1B2B3C9E9A12345678901', { before: '60f1b2b3c9e9a12345678901' }],
    ['to__id=60F1B2B3C9E9A123456789012', { before: '60F1B2B3C9E9A123456789012' }],
  ])('%s', (raw, filter) => {
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
  ])('disabled=%s is refused', (value) => {
    expect(refusal(`disabled=${value}`)).toEqual(refusedWith(['disabled', 'must be true or false']));
  });

  test.each([
    '-1',
    '1.5',
    '1e3',
    '+5',
    '2024-01-01',
    '9007199254740992',
  ])('from_updatedAt=%s is refused', (value) => {
    expect(refusal(`from_updatedAt=${value}`)).toEqual(
      refusedWith(['from_updatedAt', 'must be a whole number from 0 to 9007199254740991, in digits alone']),
    );
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
  test.each(oneValueEach)('%s given twice is refused', (parameter) => {
    const [name = '', value] = parameter.split('=');
    expect(refusal(`${parameter}&${parameter}`)).toEqual(
      refusedWith([name, 'takes one value, and was given 2']),
    );
    expect(refusal(`${name}=&${parameter}`)).toEqual({ parsed: parseListQuery(parameter) });
    expect(refusal(`${name}[]=${value}`)).toEqual(
      refusedWith([`${name}[]`, 'takes one value, and no brackets']),
    );
  });
});

describe('search', () => {
  test.each([
    ['words are folded', 'search=Caf%C3%A9+RETAIL', { words: ['cafe', 'retail'] }],
    ['Arabic', `search=${encodeURIComponent('قَنـاة')}`, { words: ['قناه'] }],
    ['a word is asked for once', 'search=a+B+A+%C3%A1+b', { words: ['a', 'b'] }],
    [
      'a character of several words, 256 times',
      `search=${encodeURIComponent('\uFDFA'.repeat(256))}`,
      { words: ['صلي', 'الله', 'عليه', 'وسلمصلي', 'وسلم'] },
    ],
    ['white space alone is absent', 'search=+%09%E3%80%80', {}],
    ['white space and a search', 'search=+&search=a', { words: ['a'] }],
    ['a lone accent stays', 'search=%C2%B4', { words: ['\u00B4'] }],
    ['JSON is text', 'search=["a"]', { words: ['["a"]'] }],
    ['256 characters', `search=${'%F0%9F%98%80'.repeat(256)}`, { words: ['😀'.repeat(256)] }],
  ])('%s', (_, raw, filter) => {
    expect(parseListQuery(raw)).toEqual(withFilter(filter));
  });

  test('takes no more than 256 characters', () => {
    expect(refusal(`search=${'a'.repeat(257)}`)).toEqual(
      refusedWith(['search', 'must be at most 256 characters']),
    );
  });
});

describe('sort', () => {
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
  ] as const)('%s', (raw, field, descending) => {
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
  ])('sort=%s is refused', (value) => {
    expect(refusal(`sort=${value}`)).toEqual(
      refusedWith([
        'sort',
        'must be one of _id, name, local_name, disabled, createdAt, updatedAt, with a leading - for descending',
      ]),
    );
  });
  test.each(['DESC', 'descending', '-1', '1'])('sortPageOrder=%s is refused', (value) => {
    expect(refusal(`sortPageOrder=${value}`)).toEqual(
      refusedWith(['sortPageOrder', 'must be asc or desc or dsc']),
    );
  });
});

describe('sortBy', () => {
  test.each([
    ['JSON', 'sortBy=[{"field":"_id","type":"desc"}]'],
    ['one object in JSON', 'sortBy={"field":"_id","type":"desc"}'],
    ['JSON in empty brackets', 'sortBy[]={"field":"_id","type":"desc"}'],
    ['JSON at an index', 'sortBy[0]={"field":"_id","type":"desc"}'],
    ['indexes', 'sortBy[0][field]=_id&sortBy[0][type]=desc'],
    ['type before field', 'sortBy[0][type]=desc&sortBy[0][field]=_id'],
    ['empty brackets', 'sortBy[][field]=_id&sortBy[][type]=desc'],
    ['one without an index', 'sortBy[field]=_id&sortBy[type]=desc'],
    [
      'an element that is absent',
      'sortBy[0][field]=_id&sortBy[0][type]=desc&sortBy[1][field]=&sortBy[1][type]=null',
    ],
  ])('of one field is the same in every form: %s', (_, raw) => {
    for (const form of [
      ...rawAndEncoded(raw),
      encodeURIComponent(raw).replaceAll('%3D', '=').replaceAll('%26', '&'),
    ]) {
      expect(parseListQuery(form)).toEqual(withSort({ field: '_id', descending: true }));
    }
  });

  test.each([
    ['JSON', 'sortBy=[{"field":"name","type":"desc"},{"field":"_id"},{"type":"asc","field":"disabled"}]'],
    [
      'JSON, repeated',
      'sortBy={"field":"name","type":"desc"}&sortBy={"field":"_id","type":null}&sortBy={"field":"disabled"}',
    ],
    [
      'JSON in empty brackets',
      'sortBy[]={"field":"name","type":"desc"}&sortBy[]={"field":"_id","type":""}&sortBy[]={"field":"disabled"}',
    ],
    [
      'JSON at indexes, in another order',
      'sortBy[10]={"field":"disabled"}&sortBy[2]={"field":"_id"}&sortBy[1]={"field":"name","type":"desc"}',
    ],
    [
      'indexes',
      'sortBy[0][field]=name&sortBy[0][type]=desc&sortBy[1][field]=_id&sortBy[2][field]=disabled&sortBy[2][type]=asc',
    ],
    [
      'indexes in another order',
      'sortBy[2][field]=disabled&sortBy[1][field]=_id&sortBy[0][type]=desc&sortBy[0][field]=name',
    ],
    [
      'empty brackets',
      'sortBy[][field]=name&sortBy[][type]=desc&sortBy[][field]=_id&sortBy[][field]=disabled&sortBy[][type]=asc',
    ],
    [
      'empty brackets, an empty type',
      'sortBy[][type]=desc&sortBy[][field]=name&sortBy[][type]=&sortBy[][field]=_id&sortBy[][type]=asc&sortBy[][field]=disabled',
    ],
  ])('of several fields is the same in every form, in order: %s', (_, raw) => {
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

  test('an empty list leaves the default', () => {
    expect(parseListQuery('sortBy=[]')).toEqual(everything);
  });

  const form =
    'must be a list of {"field": …, "type": …}: in JSON, or as sortBy[0][field]=name&sortBy[0][type]=desc';
  const noField = 'must have a field, one of _id, name, local_name, disabled, createdAt, updatedAt';
  test.each([
    ['an object that was not written out', 'sortBy=[object Object]', ['sortBy', form]],
    ['the same, encoded', 'sortBy=%5Bobject+Object%5D', ['sortBy', form]],
    ['two of them', 'sortBy[]=[object Object]', ['sortBy[]', form]],
    ['a field alone', 'sortBy=name', ['sortBy', form]],
    ['a list of fields', 'sortBy=["name"]', ['sortBy', form]],
    ['lists in a list', 'sortBy=[[]]', ['sortBy', form]],
    ['a list at an index', 'sortBy[0]=[{"field":"name"}]', ['sortBy[0]', form]],
    ['no object', 'sortBy=[null]', ['sortBy', form]],
    ['JSON that ends early', 'sortBy=[{"field":"name"', ['sortBy', form]],
    ['an unknown part', 'sortBy[0][order]=desc', ['sortBy[0][order]', form]],
    ['an unknown part of one', 'sortBy[order]=desc', ['sortBy[order]', form]],
    ['__proto__', 'sortBy[__proto__][field]=name', ['sortBy[__proto__][field]', form]],
    ['a part of a part', 'sortBy[field][x]=name', ['sortBy[field][x]', form]],
    ['a part too deep', 'sortBy[0][field][x]=name', ['sortBy[0][field][x]', form]],
    [
      'an unknown part in JSON',
      'sortBy=[{"field":"name","order":"desc"}]',
      ['sortBy[0]', 'has a field and a type, and no order'],
    ],
    ['no field', 'sortBy[0][type]=desc', ['sortBy[0]', noField]],
    ['no field in JSON', 'sortBy=[{}]', ['sortBy[0]', noField]],
    ['an unknown field', 'sortBy=[{"field":"_id"},{"field":"color"}]', ['sortBy[1]', noField]],
    ['a field that is no text', 'sortBy=[{"field":1}]', ['sortBy[0]', noField]],
    ['a minus', 'sortBy[0][field]=-name', ['sortBy[0]', noField]],
    [
      'an unknown type',
      'sortBy[0][field]=name&sortBy[0][type]=dsc',
      ['sortBy[0]', 'must have asc or desc for its type'],
    ],
    [
      'a type that is no text',
      'sortBy=[{"field":"name","type":-1}]',
      ['sortBy[0]', 'must have asc or desc for its type'],
    ],
    [
      'a field twice',
      'sortBy=[{"field":"name"},{"field":"name","type":"desc"}]',
      ['sortBy[1]', 'repeats the field name'],
    ],
    [
      'a part twice',
      'sortBy[0][field]=name&sortBy[0][field]=_id',
      ['sortBy[0][field]', 'takes one value, and was given more'],
    ],
    [
      'a part of one twice',
      'sortBy[field]=name&sortBy[field]=_id',
      ['sortBy[field]', 'takes one value, and was given more'],
    ],
    [
      'sort beside it',
      'sort=name&sortBy[0][field]=_id',
      ['sort', "can't be given together with sortBy: both say how to sort"],
    ],
    [
      'sortPageOrder beside it',
      'sortPageOrder=desc&sortBy[0][field]=_id',
      ['sortPageOrder', "can't be given together with sortBy: each element of sortBy has a type of its own"],
    ],
  ] as [string, string, [string, string]][])('is refused with %s', (_, raw, detail) => {
    expect(refusal(raw)).toEqual(refusedWith(detail));
  });
});

describe('integration_meta', () => {
  const condition = (path: string[], value = 'x') => ({ path, value });

  test.each([
    ['a dot', 'integration_meta.id=x', [condition(['id'])]],
    ['brackets', 'integration_meta[id]=x', [condition(['id'])]],
    ['JSON', 'integration_meta={"id":"x"}', [condition(['id'])]],
    ['dots', 'integration_meta.a.b=x', [condition(['a', 'b'])]],
    ['several brackets', 'integration_meta[a][b]=x', [condition(['a', 'b'])]],
    ['both', 'integration_meta.a[b]=x', [condition(['a', 'b'])]],
    ['nested JSON', 'integration_meta={"a":{"b":"x"}}', [condition(['a', 'b'])]],
    ["a dot in brackets is the key's", 'integration_meta[a.b]=x', [condition(['a.b'])]],
    ["a dot in JSON is the key's", 'integration_meta={"a.b":"x"}', [condition(['a.b'])]],
    ['the empty key', 'integration_meta[]=x', [condition([''])]],
    ['the empty key in JSON', 'integration_meta={"":"x"}', [condition([''])]],
    ['__proto__', 'integration_meta.__proto__=x', [condition(['__proto__'])]],
    ['__proto__ in brackets', 'integration_meta[__proto__][a]=x', [condition(['__proto__', 'a'])]],
    ['__proto__ in JSON', 'integration_meta={"__proto__":{"a":"x"}}', [condition(['__proto__', 'a'])]],
    ['a bracket in a key', 'integration_meta[a%5Db]=x', [condition(['a]b'])]],
    [
      'several',
      'integration_meta.a=x&integration_meta[b]=y&integration_meta={"c":"z"}',
      [condition(['a']), condition(['b'], 'y'), condition(['c'], 'z')],
    ],
    [
      'scalars in JSON',
      'integration_meta={"a":1.50,"b":true,"c":null,"d":"","e":-0}',
      [
        condition(['a'], '1.5'),
        condition(['b'], 'true'),
        condition(['c'], 'null'),
        condition(['d'], ''),
        condition(['e'], '0'),
      ],
    ],
    ['JSON behind a key is text', 'integration_meta.a={"b":1}', [condition(['a'], '{"b":1}')]],
    ["white space is the value's", 'integration_meta.a=+x+', [condition(['a'], ' x ')]],
    ['an empty value beside another', 'integration_meta.a=&integration_meta.a=x', [condition(['a'])]],
  ])('%s', (_, raw, meta) => {
    for (const form of rawAndEncoded(raw)) expect(parseListQuery(form)).toEqual(withFilter({ metadata: meta }));
  });

  test('an empty object is no condition', () => {
    expect(parseListQuery('integration_meta={}')).toEqual(everything);
  });

  const noLeaf = 'may ask for strings, numbers, booleans and null, and not for lists or empty objects';
  const noObject = 'must be a JSON object, or name a key as in integration_meta.external_id=…';
  const noKey = 'must have a key between and behind its dots';
  const noBracket = 'may have brackets behind its dots, and not between them';
  test.each([
    ['text', 'integration_meta=x', ['integration_meta', noObject]],
    ['a list', 'integration_meta=[]', ['integration_meta', noObject]],
    ['a string', 'integration_meta="x"', ['integration_meta', noObject]],
    [
      'an object that was not written out',
      'integration_meta=[object Object]',
      ['integration_meta', noObject],
    ],
    ['a list in JSON', 'integration_meta={"a":["x"]}', ['integration_meta', noLeaf]],
    ['an empty object in JSON', 'integration_meta={"a":{}}', ['integration_meta', noLeaf]],
    ['a dot at the end', 'integration_meta.=x', ['integration_meta.', noKey]],
    ['two dots', 'integration_meta.a..b=x', ['integration_meta.a..b', noKey]],
    ['brackets between dots', 'integration_meta.a[b].c=x', ['integration_meta.a[b].c', noBracket]],
    ['brackets that do not match', 'integration_meta.a]=x', ['integration_meta.a]', noBracket]],
    ['two dots and no value', 'integration_meta..a=', ['integration_meta..a', noKey]],
    [
      'a key twice',
      'integration_meta.a=x&integration_meta[a]=y',
      ['integration_meta[a]', 'takes one value, and was given more'],
    ],
  ] as [string, string, [string, string]][])('is refused with %s', (_, raw, detail) => {
    expect(refusal(raw)).toEqual(refusedWith(detail));
  });

  const levels = (count: number) => upTo(count).map((index) => `k${index}`);
  const inJson = (path: string[]) => path.reduceRight<string>((inner, key) => `{"${key}":${inner}}`, '"x"');
  test('goes 16 levels deep, and no deeper', () => {
    const tooDeep = 'may go 16 levels deep at most';
    const dotted = (count: number) => `integration_meta.${levels(count).join('.')}`;

    expect(parseListQuery(`${dotted(16)}=x`)).toEqual(withFilter({ metadata: [condition(levels(16))] }));
    expect(parseListQuery(`integration_meta=${inJson(levels(16))}`)).toEqual(
      withFilter({ metadata: [condition(levels(16))] }),
    );
    expect(refusal(`${dotted(17)}=x`)).toEqual(refusedWith([dotted(17), tooDeep]));
    expect(refusal(`integration_meta=${inJson(levels(17))}`)).toEqual(
      refusedWith(['integration_meta', tooDeep]),
    );
    expect(refusal(`integration_meta=${inJson(levels(1_000))}`)).toEqual(
      refusedWith(['integration_meta', tooDeep]),
    );
  });

  test.each([
    ['dots', (keys: string[]) => keys.map((key) => `integration_meta.${key}=x`).join('&')],
    ['JSON', (keys: string[]) => `integration_meta={${keys.map((key) => `"${key}":"x"`).join()}}`],
  ])('takes 100 conditions, and no more: %s', (_, write) => {
    expect(parseListQuery(write(levels(100)))).toEqual(
      withFilter({ metadata: levels(100).map((key) => condition([key])) }),
    );
    expect(refusal(write(levels(101)))).toEqual(
      refusedWith(['integration_meta', 'takes at most 100 conditions, and was given 101']),
    );
  });

  test('any key and any value can be asked for', () => {
    const key = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('__proto__', 'constructor', 'a.b', '0'),
    );
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !['', 'null', 'undefined'].includes(text));
    fc.assert(
      fc.property(key, value, (name, text) => {
        const expected = withFilter({ metadata: [{ path: [name], value: text }] });
        const json = `{${JSON.stringify(name)}:${JSON.stringify(text)}}`;
        expect(parseListQuery(`integration_meta=${encodeURIComponent(json)}`)).toEqual(expected);
        fc.pre(!name.includes(']['));
        expect(
          parseListQuery(`integration_meta[${encodeURIComponent(name)}]=${encodeURIComponent(text)}`),
        ).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('leaves every other object as it was', () => {
    parseListQuery(
      'integration_meta[__proto__][polluted]=x&integration_meta.constructor.prototype.polluted=x',
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('an unknown name', () => {
  const all =
    'is not known (there are page, per_page, cursor, sort, sortPageOrder, sortBy, _id, name, local_name, search, disabled, ' +
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
  ])('"%s" is refused', (name) => {
    expect(refusal(`${name}=x`)).toEqual(refusedWith([name, all]));
    expect(refusal(`${name}=`)).toEqual(refusedWith([name, all]));
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
  ])('%s is taken for %s', (name, meant) => {
    expect(refusal(`${name}[]=x&${name}[]=y`)).toEqual(
      refusedWith([name, `is not known (did you mean ${meant}?)`]),
    );
  });
});

describe('a refusal', () => {
  test('says everything that is wrong, in the order of the query', () => {
    expect(refusal('per_page=0&foo=1&disabled=x&page=-1&sortBy=[{"field":"x","type":"y"}]')).toEqual(
      refusedWith(
        ['per_page', 'must be a whole number from 1 to 100, in digits alone'],
        ['foo', expect.stringMatching(/^is not known/) as unknown as string],
        ['disabled', 'must be true or false'],
        ['page', 'must be a whole number from 1 to 9007199254740991, in digits alone'],
        ['sortBy[0]', 'must have a field, one of _id, name, local_name, disabled, createdAt, updatedAt'],
        ['sortBy[0]', 'must have asc or desc for its type'],
      ),
    );
  });

  const unknown = (count: number) => upTo(count).map((index) => `x${index}=`);
  test.each([
    ['unknown names', unknown(3_000).join('&'), 3_000, 'x99'],
    ['one more than 100', unknown(101).join('&'), 101, 'x99'],
    ['a list of no objects', `sortBy=[${upTo(4_000)}]`, 4_000, 'sortBy'],
  ])('has the first 100 details, and says how many there are: %s', (_, raw, count, last) => {
    const { details } = refusal(raw);
    expect(details).toHaveLength(100);
    expect(details?.at(-1)?.path).toBe(last);
    expect(JSON.stringify(details).length).toBeLessThan(30_000);
    expect(() => parseListQuery(raw)).toThrow(
      `. This is the first of ${count} problems: see the details, which are the first 100.`,
    );
  });

  test('has a sentence for a person', () => {
    expect(() => parseListQuery('disabled=1')).toThrow(
      'The query parameter "disabled" must be true or false.',
    );
    expect(() => parseListQuery('disabled=1&page=0')).toThrow(
      'The query parameter "disabled" must be true or false. This is the first of 2 problems: see the details.',
    );
  });
});

test('whatever is sent is either understood or refused', () => {
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
      const { parsed, code } = refusal(raw);
      expect(parsed !== undefined || code === 'invalid_request').toBe(true);
    }),
    { numRuns: 500 },
  );
});
