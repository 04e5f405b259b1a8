import { describe, expect, test } from '@jest/globals';
import {
  isMergePatch,
  jsonType,
  mergePatchType,
  readJsonBody,
  refuseBody,
} from '../../lib/http/json-body.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const json = { 'content-type': 'application/json' };

const errorOf = (carrier: Parameters<typeof readJsonBody>[0]) => {
  const { code, message } = catchApiError(() => readJsonBody(carrier));
  return [code, message];
};

const bytes = (...values: number[]) => ({
  headers: json,
  body: Buffer.from(values).toString('base64'),
  isBase64Encoded: true,
});

describe('a JSON body', () => {
  test.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/json; x=y',
  ])('is accepted with the content type %s', (type) => {
    expect(readJsonBody({ headers: { 'content-type': type }, body: '{"a":1}' })).toEqual({ a: 1 });
  });

  test.each([
    undefined,
    '',
    'text/plain',
    'text/json',
    'application/jsonx',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/json, text/plain',
    'application/merge-patch+json',
    'application/vnd.api+json',
    'application/problem+json',
  ])('is refused with the content type %s', (type) => {
    expect(errorOf({ headers: { 'content-type': type }, body: '{"a":1}' })).toEqual([
      'unsupported_media_type',
      'The body must be sent as "content-type: application/json".',
    ]);
  });

  test('may be a merge patch if the operation takes one, and any other type is refused', () => {
    const read = (type: string) =>
      readJsonBody(
        { headers: { 'content-type': type }, body: '{"a":null}' },
        { accepted: [jsonType, mergePatchType] },
      );
    expect(read('Application/Merge-Patch+JSON; charset=utf-8')).toEqual({ a: null });
    expect(read('application/json')).toEqual({ a: null });
    expect(catchApiError(() => read('application/json-patch+json')).message).toBe(
      'The body must be sent as "content-type: application/json" or "application/merge-patch+json".',
    );
  });

  test.each([
    ['application/merge-patch+json', true],
    ['Application/Merge-Patch+JSON;charset=utf-8', true],
    ['application/json', false],
  ])('of the type %s is a merge patch: %j', (type, expected) => {
    expect(isMergePatch({ headers: { 'content-type': type } })).toBe(expected);
  });

  test.each([
    'gzip',
    'br',
    'identity',
  ])('is refused with the content encoding %s, which the error names', (encoding) => {
    expect(errorOf({ headers: { ...json, 'content-encoding': encoding }, body: '{}' })).toEqual([
      'unsupported_media_type',
      `The body must be sent without "content-encoding": "${encoding}" is not supported.`,
    ]);
  });

  test('may be encoded in base64', () => {
    expect(readJsonBody(bytes(...Buffer.from('{"a":"ق"}')))).toEqual({ a: 'ق' });
  });

  test('may have at most 256 KiB, counted in bytes', () => {
    const filled = (size: number) => ({ headers: json, body: JSON.stringify('x'.repeat(size - 2)) });
    expect(readJsonBody(filled(262_144))).toHaveLength(262_142);
    expect(errorOf(filled(262_145))).toEqual(['payload_too_large', 'The body must be at most 256 KiB.']);
    expect(errorOf({ headers: json, body: JSON.stringify('ق'.repeat(131_072)) })[0]).toBe(
      'payload_too_large',
    );
  });

  test.each([
    '{',
    '{"a":1,}',
    "{'a':1}",
    'NaN',
    '{"a":01}',
    '{"a":1} x',
    '// x\n{}',
  ])('is refused if it is not valid JSON: %j', (body) => {
    expect(errorOf({ headers: json, body })).toEqual(['invalid_json', 'The body is not valid JSON.']);
  });

  test.each([undefined, '', ' \n'])('is missing if it is %j', (body) => {
    expect(errorOf({ headers: json, ...(body !== undefined && { body }) })).toEqual([
      'invalid_json',
      'The body is missing.',
    ]);
  });

  test('is refused with a byte order mark, as text and in base64', () => {
    const error = ['invalid_json', 'The body begins with a byte order mark (U+FEFF): send it without one.'];
    expect(errorOf({ headers: json, body: '\ufeff{}' })).toEqual(error);
    expect(errorOf(bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toEqual(error);
  });

  test.each([
    ['a stray continuation byte', bytes(0x22, 0x80, 0x22)],
    ['an overlong form', bytes(0x22, 0xc0, 0xaf, 0x22)],
    ['an encoded surrogate', bytes(0x22, 0xed, 0xa0, 0x80, 0x22)],
  ])('is refused if it is not valid UTF-8: %s', (_, carrier) => {
    expect(errorOf(carrier)).toEqual(['invalid_json', 'The body is not valid UTF-8.']);
  });

  test.each([
    '{"a":1,"a":1}',
    '{"x":[{"b":{},"a":1,"a":2}]}',
    '{"a":1,"\\u0061":2}',
    '{"a":":","b":1,"a":0}',
  ])('is refused if an object contains a key twice: %s', (body) => {
    expect(errorOf({ headers: json, body })).toEqual([
      'invalid_json',
      'The body holds the key "a" twice in one object.',
    ]);
  });

  test.each([
    '{"a":{"a":1},"b":{"a":"a"}}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"a\\":1,","b":["a","a"]}',
    '{"__proto__":1,"a":{"__proto__":1}}',
  ])('may contain the same key in several objects: %s', (body) => {
    expect(readJsonBody({ headers: json, body })).toEqual(JSON.parse(body));
  });

  test('keeps the digits of an integer that no double holds exactly', () => {
    expect(readJsonBody({ headers: json, body: '{"a":9007199254740993,"b":9007199254740992}' })).toEqual({
      a: 9007199254740993n,
      b: 9007199254740992,
    });
  });

  test('with 100,000 levels can be parsed', () => {
    const body = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(readJsonBody({ headers: json, body })).toHaveLength(1);
  });

  test('with 100,000 levels and a long integer is refused', () => {
    const body = `${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`;
    expect(errorOf({ headers: json, body })).toEqual(['invalid_json', 'The body has too many levels.']);
  });
});

describe('a request without a body', () => {
  const codeOf = (carrier: Parameters<typeof refuseBody>[0]) => catchApiError(() => refuseBody(carrier)).code;

  test.each([
    { headers: {} },
    { headers: { 'content-type': 'text/plain' } },
    { headers: {}, body: '' },
    { headers: json, body: '{}' },
    { headers: json, body: ' {\n} ' },
  ])('may be %j', (carrier) => {
    expect(() => refuseBody(carrier)).not.toThrow();
  });

  test.each([
    ['{"a":1}', 'invalid_request'],
    ['{"__proto__":1}', 'invalid_request'],
    ['[]', 'invalid_request'],
    ['null', 'invalid_request'],
    ['""', 'invalid_request'],
    ['0', 'invalid_request'],
    ['{', 'invalid_json'],
    [' ', 'invalid_json'],
  ])('must not have the body %j', (body, code) => {
    expect(codeOf({ headers: json, body })).toBe(code);
  });

  test('must not have an empty object of another type', () => {
    const headers = { 'content-type': 'text/plain' };
    expect(codeOf({ headers, body: '{}' })).toBe('unsupported_media_type');
  });
});
