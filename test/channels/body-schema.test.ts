import { describe, expect, test } from '@jest/globals';
import { parseCreateBody, parseMergePatch, parseUpdateBody } from '../../lib/channels/body-schema.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const id = '60f1b2b3c9e9a12345678901';
const blank = 'must not be blank: it needs at least one visible character';

const errorOf = (parse: () => unknown) => {
  const { code, details } = catchApiError(parse);
  return { code, details };
};

const problems = (...details: [string, string][]) => ({
  code: 'invalid_request',
  details: details.map(([path, message]) => ({ path, message })),
});

describe('the body of a creation', () => {
  test('is kept exactly as sent, with its white space', () => {
    const name = ' Retail\u00a0قناة ';
    expect(
      parseCreateBody({ name, local_name: ' x ', disabled: true, company_namespace: ['a', 'B-1_.x'] }),
    ).toEqual({
      name,
      local_name: ' x ',
      disabled: true,
      company_namespace: ['a', 'B-1_.x'],
    });
  });

  test('keeps the order of namespaces, and removes duplicates', () => {
    expect(parseCreateBody({ name: 'x', company_namespace: ['b', 'a', 'b'] }).company_namespace).toEqual([
      'b',
      'a',
    ]);
  });

  test('counts null as absent for every optional field, and an empty local name too', () => {
    const local_name = null;
    expect(parseCreateBody({ name: 'x', local_name: '' })).toEqual({ name: 'x', local_name });
    const nulls = { local_name, disabled: null, integration_meta: null, company_namespace: null };
    expect(parseCreateBody({ name: 'x', ...nulls })).toEqual({ name: 'x', ...nulls });
    expect(errorOf(() => parseCreateBody({ name: null }))).toEqual(problems(['name', 'must be a string']));
  });

  test('is rejected with a list of all problems', () => {
    const body = {
      local_name: ' ',
      disabled: 'no',
      integration_meta: [],
      company_namespace: ['a b', 1],
      nmae: 'x',
    };
    expect(errorOf(() => parseCreateBody(body))).toEqual(
      problems(
        ['name', 'is required'],
        ['local_name', blank],
        ['disabled', 'must be true or false'],
        ['integration_meta', 'must be a JSON object'],
        ['company_namespace.0', 'must be 1 to 64 of A-Z a-z 0-9 _ . -'],
        ['company_namespace.1', 'must be a string'],
        ['nmae', 'is not a field of this operation (did you mean name?)'],
      ),
    );
  });

  test('is rejected with the first 100 problems if it has 10,000', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`f${index}`, 1]));
    const { details } = errorOf(() => parseCreateBody({ name: 'x', ...many }));
    expect(details).toHaveLength(100);
  });

  const setByService = 'is set by the service: leave it out';
  const unknown = 'is not a field of this operation';
  test.each([
    ['_id', setByService],
    ['createdAt', setByService],
    ['updatedAt', setByService],
    ['__v', setByService],
    ['pk', unknown],
    ['sk', unknown],
    ['writtenBy', unknown],
    ['__proto__', unknown],
    ['constructor', unknown],
    ['external_id', `${unknown} (did you mean integration_meta.external_id?)`],
    ['externalId', `${unknown} (did you mean integration_meta.external_id?)`],
    ['id', `${unknown} (did you mean integration_meta.id?)`],
  ])('must not contain the field %s', (field, message) => {
    expect(errorOf(() => parseCreateBody(JSON.parse(`{"name":"x","${field}":"y"}`)))).toEqual(
      problems([field, message]),
    );
  });

  test.each([[], null, 'x', 1, true])('must not be %j', (body) => {
    expect(errorOf(() => parseCreateBody(body))).toEqual({ code: 'invalid_request', details: undefined });
  });
});

describe.each(['name', 'local_name'])('the text of a %s', (field) => {
  const read = (value: unknown) => parseCreateBody({ name: 'x', [field]: value });

  test('has at most 256 characters, however many bytes they have', () => {
    expect(read('😀'.repeat(256))).toMatchObject({ [field]: '😀'.repeat(256) });
    expect(errorOf(() => read('x'.repeat(257)))).toEqual(
      problems([field, 'must be at most 256 characters long']),
    );
  });

  test.each([
    ' ',
    '\u00a0\u3000',
    '\u200b',
    '\u200e \u200f',
    '\ufeff',
    '\u00ad',
    '\u3164\u3164',
    '\u115f\u1160',
    '\uffa0',
    '\u2800\u2800',
    '\u2800 \u200d',
    '\ufe0f',
    '\u{e0041}\u{e007f}',
    '\u034f',
    '\u{1d173}',
  ])('must contain a visible character: %j', (value) => {
    expect(errorOf(() => read(value))).toEqual(problems([field, blank]));
  });

  test('must contain more than any of the characters that Unicode ignores by default', () => {
    const ignorable = Array.from({ length: 0x110000 }, (_, codePoint) =>
      String.fromCodePoint(codePoint),
    ).filter((character) => /\p{Default_Ignorable_Code_Point}/u.test(character));
    expect(ignorable.length).toBeGreaterThan(4_000);
    const accepted = ignorable.filter((character) => {
      try {
        return read(character);
      } catch {
        return false;
      }
    });
    expect(accepted).toEqual([]);
  });

  test.each([
    ['an invisible character beside a visible one', '\u200eقناة\u200f'],
    ['only a combining mark', '\u0301'],
    ['only a vowel sign', '\u064e'],
    ['only a tatweel', '\u0640'],
    ['only a dash', '—'],
    ['only an emoji with a variation selector', '❤\ufe0f'],
    ['only a braille pattern with a dot', '\u2801'],
    ['only a Hangul letter', '\u3131'],
  ])('may be %s, and is kept exactly', (_, value) => {
    expect(read(value)).toMatchObject({ [field]: value });
  });

  test.each([
    'a\nb',
    'a\u0000',
    '\u0085x',
    '\u007fx',
  ])('must not contain a control character: %j', (value) => {
    expect(errorOf(() => read(value))).toEqual(problems([field, 'must not contain control characters']));
  });

  test('must not contain a lone surrogate', () => {
    expect(errorOf(() => read('a\ud800'))).toEqual(problems([field, 'must not contain a lone surrogate']));
  });

  test.each([1, {}, { S: 'x' }, true])('must be a string, not %j', (value) => {
    expect(errorOf(() => read(value))).toEqual(problems([field, 'must be a string']));
  });
});

describe('integration_meta', () => {
  const read = (integration_meta: unknown) => parseCreateBody({ name: 'x', integration_meta });

  test('is refused with an integer that no double holds exactly, and the path of each is named', () => {
    const message = 'is an integer that no double holds exactly: send it as a string';
    const meta = { external_id: 9007199254740993n, ids: [1, 9007199254740995n] };
    expect(errorOf(() => read(meta))).toEqual(
      problems(['integration_meta.external_id', message], ['integration_meta.ids.1', message]),
    );
    expect(errorOf(() => parseUpdateBody({ integration_meta: meta }, id)).details).toHaveLength(2);
  });
});

describe('the namespaces of a channel', () => {
  const read = (company_namespace: unknown) => parseCreateBody({ name: 'x', company_namespace });
  const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

  test('are at most 10', () => {
    expect(read(names(10)).company_namespace).toEqual(names(10));
    expect(errorOf(() => read(names(11)))).toEqual(
      problems(['company_namespace', 'must name at most 10 namespaces']),
    );
  });

  test('are at least one', () => {
    expect(errorOf(() => read([]))).toEqual(
      problems(['company_namespace', 'must name at least one namespace']),
    );
  });

  test.each(['', 'a b', 'a#b', 'ق', 'x'.repeat(65), 'a\n'])('are never named %j', (name) => {
    expect(errorOf(() => read([name]))).toEqual(
      problems(['company_namespace.0', 'must be 1 to 64 of A-Z a-z 0-9 _ . -']),
    );
  });

  test('are an array, not a string', () => {
    expect(errorOf(() => read('company1'))).toEqual(
      problems(['company_namespace', 'must be an array of strings']),
    );
  });
});

describe('the body of an update', () => {
  test('leaves absent fields absent', () => {
    expect(parseUpdateBody({ name: 'x' }, id)).toStrictEqual({ name: 'x' });
  });

  test.each([null, ''])('removes the local name if it is %j', (local_name) => {
    expect(parseUpdateBody({ local_name }, id)).toStrictEqual({ local_name: null });
  });

  test('removes metadata if they are null', () => {
    expect(parseUpdateBody({ integration_meta: null }, id)).toStrictEqual({ integration_meta: null });
  });

  test('may be the whole document as it was read: the service ignores the fields that it sets itself', () => {
    const document = {
      _id: id.toUpperCase(),
      name: 'x',
      disabled: false,
      integration_meta: { b: 1, a: 2 },
      company_namespace: ['a'],
      createdAt: '2023-01-15T10:30:00.000Z',
      updatedAt: '2023-01-15T10:30:00.000Z',
      __v: 7,
    };
    expect(parseUpdateBody(document, id)).toStrictEqual({
      name: 'x',
      disabled: false,
      integration_meta: '{"a":2,"b":1}',
      company_namespace: ['a'],
    });
  });

  test.each([
    [{ name: null }, ['name', 'must be a string']],
    [{ disabled: null }, ['disabled', 'must be true or false']],
    [{ local_name: ' ' }, ['local_name', blank]],
    [{ integration_meta: 'x' }, ['integration_meta', 'must be a JSON object']],
    [{ _id: '60f1b2b3c9e9a12345678902' }, ['_id', 'must be the id in the path']],
    [{ company_namespace: null }, ['company_namespace', 'must be an array of strings']],
    [{ pk: 'x' }, ['pk', 'is not a field of this operation']],
  ] as [object, [string, string]][])('is rejected: %j', (body, detail) => {
    expect(errorOf(() => parseUpdateBody(body, id))).toEqual(problems(detail));
  });

  test.each([
    null,
    1,
    'x',
    '2023-01-15T10:30:00.000Z',
    {},
    [],
    true,
  ])('may contain the fields that the service sets itself, with any value: %j', (value) => {
    const fields = { createdAt: value, updatedAt: value, __v: value };
    expect(parseUpdateBody({ name: 'x', ...fields }, id)).toStrictEqual({ name: 'x' });
  });

  test.each([null, 5, {}, true])('may contain an _id that is no string: %j', (_id) => {
    expect(parseUpdateBody({ _id, name: 'x' }, id)).toStrictEqual({ name: 'x' });
  });

  test('must not be empty', () => {
    expect(errorOf(() => parseUpdateBody({}, id))).toEqual({ code: 'invalid_request', details: undefined });
  });
});

describe('the body of a merge patch', () => {
  test('without metadata is the same as that of an update', () => {
    const body = {
      _id: id,
      name: 'x',
      local_name: '',
      disabled: true,
      company_namespace: ['a'],
      createdAt: null,
    };
    expect(parseMergePatch(body, id)).toStrictEqual(parseUpdateBody(body, id));
  });

  test('removes metadata if they are null, and otherwise depends on the channel', () => {
    expect(parseMergePatch({ integration_meta: null }, id)).toStrictEqual({ integration_meta: null });
    expect(parseMergePatch({ integration_meta: { a: 1 } }, id)).toEqual(expect.any(Function));
  });

  test.each([
    [{ name: null }, ['name', 'must be a string']],
    [{ disabled: null }, ['disabled', 'must be true or false']],
    [{ company_namespace: null }, ['company_namespace', 'must be an array of strings']],
    [{ integration_meta: [] }, ['integration_meta', 'must be a JSON object']],
    [{ integration_meta: 'x' }, ['integration_meta', 'must be a JSON object']],
    [
      { integration_meta: { a: 9007199254740993n } },
      ['integration_meta.a', 'is an integer that no double holds exactly: send it as a string'],
    ],
    [
      { integration_meta: JSON.parse(`${'{"a":'.repeat(100_000)}null${'}'.repeat(100_000)}`) },
      ['integration_meta', 'is nested more than 16 levels deep'],
    ],
    [{ _id: '60f1b2b3c9e9a12345678902' }, ['_id', 'must be the id in the path']],
    [{ nmae: 'x' }, ['nmae', 'is not a field of this operation (did you mean name?)']],
  ] as [object, [string, string]][])('is rejected (case %#)', (body, detail) => {
    expect(errorOf(() => parseMergePatch(body, id))).toEqual(problems(detail));
  });

  test.each([{}, [], 'x', null])('must be an object that is not empty: %j', (body) => {
    expect(errorOf(() => parseMergePatch(body, id))).toEqual({ code: 'invalid_request', details: undefined });
  });
});
