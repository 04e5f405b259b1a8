import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Service, startService } from '../support/service.ts';
import { errorBody } from '../support/matchers.ts';

let service: Service;
let key: string;

beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['company1'] });
});
afterAll(() => service.stop());

/** Sends metadata as text, for objects lose keys such as `__proto__` where they are written as literals. */
const create = (meta: string) =>
  service.call('POST /client-channel', { key, body: `{"name":"x","integration_meta":${meta}}` });
const stored = async (meta: string): Promise<unknown> => {
  const made = await create(meta);
  expect(made.status).toBe(201);
  const read = await service.call(`GET /client-channel/${made.body.data._id}`, { key });
  expect(read.body).toEqual(made.body);
  return read.body.data.integration_meta;
};

describe('integration_meta', () => {
  test('of any JSON object comes back equal', async () => {
    const oddKey = fc.constantFrom('', '__proto__', 'constructor', 'a.b', 'toJSON', 'S', 'قناة');
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.oneof(oddKey, fc.string()), value), async (meta) => {
        const text = JSON.stringify(meta);
        expect(await stored(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['keys of the language', '{"__proto__":{"polluted":true},"":{"":""}}'],
    ['any finite number', '{"large":1e300,"beyond":9007199254740993,"small":5e-324,"zero":-0}'],
    ['what looks like the table’s own form', '{"S":"x","N":"5","M":{"NULL":true},"L":[]}'],
    ['16 levels', `{"a":${'['.repeat(15)}1${']'.repeat(15)}}`],
    ['64 KiB', JSON.stringify({ x: 'x'.repeat(65_536 - 8) })],
  ])('keeps %s', async (_, text) => {
    // -0 is a number that JSON text has and this test's parser keeps; as an answer it is 0.
    expect(JSON.stringify(await stored(text))).toBe(
      JSON.stringify(JSON.parse(text.replace('-0', '0')), sorted),
    );
  });

  test.each([
    ['a lone surrogate', '{"a":"\\ud800"}', 'contains a lone surrogate, which is not a character'],
    ['one in a key', '{"\\udfff":1}', 'contains a lone surrogate, which is not a character'],
    ['17 levels', `{"a":${'['.repeat(16)}1${']'.repeat(16)}}`, 'is nested more than 16 levels deep'],
    ['65,537 bytes', JSON.stringify({ x: 'x'.repeat(65_536 - 7) }), 'is larger than 64 KiB'],
    ['1e400', '{"a":1e400}', 'contains a number beyond the range of a double'],
    ['a list', '[]', 'must be a JSON object'],
    ['text', '"x"', 'must be a JSON object'],
  ])('refuses %s', async (_, text, message) => {
    expect(await create(text)).toMatchObject({
      status: 400,
      body: errorBody('invalid_request', undefined, [{ path: 'integration_meta', message }]),
    });
  });
});

/** Shows objects with their keys sorted, as the service does. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const copy = Object.create(null);
  for (const [name, inner] of entries) copy[name] = inner;
  return copy;
}
