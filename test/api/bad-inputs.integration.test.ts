import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { failure } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

// Wrong, odd and hostile inputs, each with the status and the code that it must get. None of them gets a 5xx.

const service = useService({ namespaces: ['company1'] });
let id: string;

beforeAll(async () => {
  id = (await service.call('POST /client-channel', { body: { name: 'x' } })).body.data._id;
});

const list = (query: string) => service.call(`GET /client-channel?${query}`);
const post = (body: unknown, headers = {}) => service.call('POST /client-channel', { body, headers });
const put = (body: unknown, headers = {}) => service.call(`PUT /client-channel/${id}`, { body, headers });
const encode = encodeURIComponent;

describe('a number in a query', () => {
  const texts = [
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '+5',
    ' 5',
    '5 ',
    '٥',
    'NaN',
    'Infinity',
    '9007199254740993',
    '1,2',
    '1_0',
    'x',
  ];
  test.each(
    texts.flatMap((text) => ['page', 'per_page'].map((name) => [name, text])),
  )('is refused: %s=%j', async (name, text) => {
    expect(await list(`${name}=${encode(text)}`)).toEqual(failure(400, 'invalid_request'));
  });
  test.each([
    '-1',
    '1.5',
    '1e3',
    '2026-11-24',
    '٥',
    '1e400',
    '9007199254740993',
    '1700000000',
    '1700000000000000',
    '2026-11-24T10:00:00.000Z',
  ])('is refused: from_updatedAt=%j', async (text) => {
    expect(await list(`from_updatedAt=${encode(text)}`)).toEqual(failure(400, 'invalid_request'));
  });
});

describe('a query', () => {
  test.each([
    'nmae=x',
    'Name=x',
    '__proto__=x',
    '__proto__[x]=1',
    'constructor=x',
    'pk=NS%23company2',
    'limit=1',
    'page[]=1',
    'page[0]=1',
    'page=1&page=1',
    'disabled=1',
    'disabled=TRUE',
    'disabled=true&disabled=false',
    'sort=age',
    'sort=--name',
    'sort=name,_id',
    'sort=pk',
    'sort=__proto__',
    'sort=name&sort=_id',
    'sortPageOrder=up',
    'sort=name&sortBy[field]=name',
    'sortBy=[object Object]',
    'sortBy=name',
    'sortBy[0][field]=age',
    'sortBy[0][type]=desc',
    'sortBy[0][field]=name&sortBy[1][field]=name',
    'sortBy[0][field]=name&sortBy[0][type]=down',
    'sortBy[__proto__][field]=name',
    'sortBy={"field":"name","extra":1}',
    'integration_meta=x',
    'integration_meta=[]',
    'integration_meta={"a":[[1]]}',
    'integration_meta={"a":[{"b":1}]}',
    'integration_meta={}',
    'integration_meta={"id":""}',
    'integration_meta={"id":null}',
    'integration_meta={"id":[null]}',
    'integration_meta={"id":["7",""]}',
    'integration_meta={"a":{"id":""}}',
    'integration_meta=',
    'integration_meta[]=x',
    'integration_meta.a=',
    'integration_meta.a[]=',
    'integration_meta.a=undefined',
    'integration_meta.a={"$gt":""}',
    'integration_meta.a[$ne]=x',
    'integration_meta.$where=sleep(1000)',
    `integration_meta.a=${encode(JSON.stringify(Array.from({ length: 101 }, (_, index) => index)))}`,
    'integration_meta..a=x',
    'integration_meta.=x',
    `integration_meta.${'a.'.repeat(16)}a=x`,
    `search=${'x'.repeat(257)}`,
    `_id=${Array.from({ length: 101 }, (_, index) => index).join(',')}`,
    'name[x]=a',
    'name[0][0]=a',
    'page=1&cursor=x',
    'a'.repeat(3_000),
    Array.from({ length: 500 }, (_, index) => `p${index}=1`).join('&'),
  ])('is refused: %s', async (query) => {
    expect(await list(query)).toEqual(failure(400, 'invalid_request'));
  });

  test.each([
    'cursor=x',
    'cursor=AQ',
    'from__id=x',
    'to__id=..',
    'from__id=60f1b2b3c9e9a1234567890',
    `cursor=${'A'.repeat(9_000)}`,
  ])('is refused with invalid_cursor: %s', async (query) => {
    expect(await list(query)).toEqual(failure(400, 'invalid_cursor'));
  });

  test.each([
    '_id=..%2F..',
    '_id=%00',
    '_id=null,undefined',
    `name=${encode('\u0000')}`,
    `search=${encode('‮abc')}`,
    `search=${encode('(a+)+$')}`,
    `search=${'%F0%9F%98%80'.repeat(200)}`,
    `search=${encode('e\u0301'.repeat(100))}`,
    'integration_meta.__proto__=x',
    'integration_meta.__proto__[]=x',
    'integration_meta.a=x&integration_meta[a]=y',
    'integration_meta.a=[1e400,-0,9007199254740993]',
    `integration_meta.a=${'['.repeat(4_000)}9007199254740993`,
    '_id[]=',
    'name[]=undefined',
    'integration_meta.constructor.name=Object',
    `integration_meta.${encode('#name = :x OR :y')}=1`,
    'local_name[]=%22%7D%20OR%201',
    '&&&=',
    'sort=',
    'search=%20%20',
    `search=${encode('\u200b\u2800 \ufeff')}`,
  ])('is odd but handled: %s', async (query) => {
    const reply = await list(query);
    // Only the empty parameter name is refused.
    expect(reply.status).toBe(query === '&&&=' ? 400 : 200);
  });
});

describe('the body of a POST', () => {
  test.each<[string, unknown, number, string]>([
    ['nothing', '', 400, 'invalid_json'],
    ['white space', ' ', 400, 'invalid_json'],
    ['half an object', '{"name":"x"', 400, 'invalid_json'],
    ['two objects', '{"name":"x"}{"name":"y"}', 400, 'invalid_json'],
    ['a trailing comma', '{"name":"x",}', 400, 'invalid_json'],
    ['single quotes', "{'name':'x'}", 400, 'invalid_json'],
    ['a comment', '{"name":"x"/**/}', 400, 'invalid_json'],
    ['NaN', '{"name":NaN}', 400, 'invalid_json'],
    ['a raw newline in text', '{"name":"a\nb"}', 400, 'invalid_json'],
    ['a bad escape', '{"name":"\\x41"}', 400, 'invalid_json'],
    ['a key twice', '{"name":"x","name":"x"}', 400, 'invalid_json'],
    ['a key twice, deep', '{"name":"x","integration_meta":{"a":{"b":1,"b":1}}}', 400, 'invalid_json'],
    ['a byte order mark', '\ufeff{"name":"x"}', 400, 'invalid_json'],
    ['UTF-16', Buffer.from('{"name":"x"}', 'utf16le'), 400, 'invalid_json'],
    ['latin 1', Buffer.from('{"name":"é"}', 'latin1'), 400, 'invalid_json'],
    ['an encoded surrogate', new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), 400, 'invalid_json'],
    ['null', 'null', 400, 'invalid_request'],
    ['an array', '[{"name":"x"}]', 400, 'invalid_request'],
    ['a string', '"x"', 400, 'invalid_request'],
    ['a number', '1', 400, 'invalid_request'],
    ['100,000 levels', '['.repeat(100_000) + ']'.repeat(100_000), 400, 'invalid_request'],
    [
      '100,000 levels of metadata',
      `{"name":"x","integration_meta":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`,
      400,
      'invalid_request',
    ],
    [
      '10,000 unknown fields',
      JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`f${n}`, 1]))),
      400,
      'invalid_request',
    ],
    [
      '100,000 zeros of a number',
      `{"name":"x","integration_meta":{"a":1${'0'.repeat(100_000)}}}`,
      400,
      'invalid_request',
    ],
    [
      'an integer that a double would round',
      '{"name":"x","integration_meta":{"external_id":9007199254740993}}',
      400,
      'invalid_request',
    ],
    [
      'the same in 40,000 levels of metadata',
      `{"name":"x","integration_meta":${'{"a":'.repeat(40_000)}9007199254740993${'}'.repeat(40_000)}}`,
      400,
      'invalid_json',
    ],
    ['no name', {}, 400, 'invalid_request'],
    ['DynamoDB’s own JSON', { name: { S: 'x' } }, 400, 'invalid_request'],
    ['an operator', { name: { $ne: null } }, 400, 'invalid_request'],
    ['a number for a name', { name: 1 }, 400, 'invalid_request'],
    ['a name of null', { name: null }, 400, 'invalid_request'],
    ['a blank name', { name: '\u2003\t' }, 400, 'invalid_request'],
    ['a NUL', { name: 'a\u0000' }, 400, 'invalid_request'],
    ['an escape sequence of a terminal', { name: '\u001b[31m' }, 400, 'invalid_request'],
    ['a line break', { name: 'a\r\nSet-Cookie: x' }, 400, 'invalid_request'],
    ['a C1 control', { name: 'a\u009f' }, 400, 'invalid_request'],
    ['a lone surrogate', '{"name":"\\ud83d"}', 400, 'invalid_request'],
    ['257 characters', { name: '😀'.repeat(257) }, 400, 'invalid_request'],
    ['100 KB of a name', { name: 'x'.repeat(100_000) }, 400, 'invalid_request'],
    ['disabled as text', { name: 'x', disabled: 'false' }, 400, 'invalid_request'],
    ['disabled as a number', { name: 'x', disabled: 0 }, 400, 'invalid_request'],
    ['metadata as text', { name: 'x', integration_meta: '{}' }, 400, 'invalid_request'],
    ['metadata as a list', { name: 'x', integration_meta: [] }, 400, 'invalid_request'],
    ['namespaces as text', { name: 'x', company_namespace: 'company1' }, 400, 'invalid_request'],
    ['no namespaces', { name: 'x', company_namespace: [] }, 400, 'invalid_request'],
    ['a namespace of null', { name: 'x', company_namespace: [null] }, 400, 'invalid_request'],
    [
      'a namespace with the prefix of a partition key',
      { name: 'x', company_namespace: ['NS#company1'] },
      400,
      'invalid_request',
    ],
    ['a foreign namespace', { name: 'x', company_namespace: ['company2'] }, 403, 'forbidden'],
    ['an _id', { name: 'x', _id: '60f1b2b3c9e9a12345678901' }, 400, 'invalid_request'],
    ['a version', { name: 'x', __v: 5 }, 400, 'invalid_request'],
    ['the key of an item', { name: 'x', pk: 'NS#company2', sk: 'x' }, 400, 'invalid_request'],
    ['__proto__', '{"name":"x","__proto__":{"disabled":true}}', 400, 'invalid_request'],
    ['more than 256 KiB', JSON.stringify({ name: 'x'.repeat(262_144) }), 413, 'payload_too_large'],
  ])('is refused: %s', async (_, body, status, code) => {
    expect(await post(body)).toEqual(failure(status, code));
  });

  test.each([
    'a‮b',
    'e\u0301',
    '﷽',
    'a\u200bb',
    '<script>alert(1)</script>',
    "'; DROP TABLE--",
    '{{7*7}}',
    '__proto__',
    'null',
    '🏳️‍🌈',
  ])('may contain the name %j, which comes back as it was sent', async (name) => {
    const { status, body } = await post({ name });
    expect([status, body.data.name]).toEqual([201, name]);
  });
});

describe('a header', () => {
  test.each<[Record<string, string>, number, string]>([
    [{ 'content-type': '' }, 415, 'unsupported_media_type'],
    [{ 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, 415, 'unsupported_media_type'],
    [{ 'content-type': 'application/json; charset=utf-16' }, 415, 'unsupported_media_type'],
    [{ 'content-type': 'application/json, application/json' }, 415, 'unsupported_media_type'],
    [{ 'content-type': 'application/merge-patch+json' }, 415, 'unsupported_media_type'],
    [{ 'content-type': 'application/vnd.api+json' }, 415, 'unsupported_media_type'],
    [{ 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
    [{ 'idempotency-key': '' }, 400, 'invalid_request'],
    [{ 'idempotency-key': 'x'.repeat(256) }, 400, 'invalid_request'],
    [{ 'idempotency-key': 'é' }, 400, 'invalid_request'],
    [{ 'idempotency-key': 'a\tb' }, 400, 'invalid_request'],
    [{ 'x-company-namespace': 'company2' }, 403, 'forbidden'],
    [{ 'x-company-namespace': 'company1,company1' }, 403, 'forbidden'],
    [{ 'x-company-namespace': '' }, 403, 'forbidden'],
    [{ authorization: 'Bearer' }, 401, 'unauthenticated'],
    [{ authorization: 'Basic eDp5' }, 401, 'unauthenticated'],
  ])('of a POST is refused: %j', async (headers, status, code) => {
    expect(await post({ name: 'x' }, headers)).toEqual(failure(status, code));
  });

  test.each([
    'application/merge-patch+json',
    'application/json-patch+json',
  ])('of a PUT is refused: content-type: %s', async (type) => {
    expect(await put({ name: 'y' }, { 'content-type': type })).toEqual(
      failure(415, 'unsupported_media_type', 'The body must be sent as "content-type: application/json".'),
    );
  });

  test('that says that the body is compressed is refused, and the error names the encoding', async () => {
    const body = gzipSync('{"name":"y"}');

    expect(await put(body, { 'content-encoding': 'gzip' })).toEqual(
      failure(
        415,
        'unsupported_media_type',
        'The body must be sent without "content-encoding": "gzip" is not supported.',
      ),
    );
  });

  test.each([
    '"9"',
    'W/"0"',
    '0',
    '',
    '"',
    '""',
    '"0',
    "'0'",
    '"-1"',
    '"1e0"',
    '"00"',
  ])('If-Match: %s matches no version', async (tag) => {
    expect(await put({ name: 'y' }, { 'if-match': tag })).toEqual(failure(412, 'precondition_failed'));
  });

  test('If-Match with more than 100 tags is refused', async () => {
    expect(await put({ name: 'y' }, { 'if-match': '"1",'.repeat(101) })).toEqual(
      failure(400, 'invalid_request'),
    );
  });
});

describe('the id in a path', () => {
  test.each([
    '%2e%2e%2f',
    '%00',
    '%0d%0aX:%20y',
    'a b',
    `${'f'.repeat(23)}`,
    `${'f'.repeat(25)}`,
    '!count%230',
    '~tombstone%23x',
    'NS%23company1',
    '９'.repeat(24),
    'f'.repeat(8_000),
  ])('returns 404 if no channel has it: %s', async (path) => {
    for (const method of ['GET', 'DELETE'])
      expect(await service.call(`${method} /client-channel/${path}`)).toEqual(failure(404, 'not_found'));
    expect(await service.call(`PUT /client-channel/${path}`, { body: { name: 'x' } })).toEqual(
      failure(404, 'not_found'),
    );
  });
});
