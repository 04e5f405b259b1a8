import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isExact } from '../support/is-exact.ts';
import { failure } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1'] });

/** Sends metadata as text, because object literals lose keys such as `__proto__`. */
const create = (meta: string) =>
  service.call('POST /client-channel', { body: `{"name":"x","integration_meta":${meta}}` });

/** Creates a channel with this metadata, and returns the metadata that a get returns. */
const roundTrip = async (meta: string): Promise<unknown> => {
  const created = await create(meta);
  expect(created.status).toBe(201);
  const read = await service.call(`GET /client-channel/${created.body.data._id}`);
  expect(read.body).toEqual(created.body);
  return read.body.data.integration_meta;
};

describe('integration_meta', () => {
  test('comes back equal, for any JSON object', async () => {
    const oddKey = fc.constantFrom('', '__proto__', 'constructor', 'a.b', 'toJSON', 'S', 'قناة');
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }).filter(isExact);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.oneof(oddKey, fc.string()), value), async (meta) => {
        const text = JSON.stringify(meta);
        expect(await roundTrip(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['keys with a meaning in JavaScript', '{"__proto__":{"polluted":true},"":{"":""}}'],
    ['any finite number', '{"large":1e300,"beyond":9007199254740992,"small":5e-324,"zero":-0}'],
    ['objects that look like DynamoDB’s own JSON', '{"S":"x","N":"5","M":{"NULL":true},"L":[]}'],
    ['16 levels', `{"a":${'['.repeat(15)}1${']'.repeat(15)}}`],
    ['64 KiB', JSON.stringify({ x: 'x'.repeat(65_536 - 8) })],
  ])('keeps %s', async (_, text) => {
    // JSON.parse keeps the sign of -0, but the service returns 0.
    const expected = JSON.parse(text.replace('-0', '0'));

    expect(JSON.stringify(await roundTrip(text))).toBe(JSON.stringify(expected, sortKeys));
  });

  test.each([
    ['a lone surrogate', '{"a":"\\ud800"}', 'contains a lone surrogate, which is not a character'],
    ['a lone surrogate in a key', '{"\\udfff":1}', 'contains a lone surrogate, which is not a character'],
    ['17 levels', `{"a":${'['.repeat(16)}1${']'.repeat(16)}}`, 'is nested more than 16 levels deep'],
    ['65,537 bytes', JSON.stringify({ x: 'x'.repeat(65_536 - 7) }), 'is larger than 64 KiB'],
    ['1e400', '{"a":1e400}', 'contains a number beyond the range of a double'],
    ['a list', '[]', 'must be a JSON object'],
    ['text', '"x"', 'must be a JSON object'],
  ])('is refused with %s', async (_, text, message) => {
    expect(await create(text)).toEqual(
      failure(400, 'invalid_request', `The field "integration_meta" ${message}.`, [
        { path: 'integration_meta', message },
      ]),
    );
  });
});

test('integers that a double would round are refused, so that two ids do not become one', async () => {
  const message = 'is an integer that no double holds exactly: send it as a string';
  const refused = failure(
    400,
    'invalid_request',
    `The field "integration_meta.external_id" ${message}. This is the first of 2 problems: see the details.`,
    ['external_id', 'a.0'].map((path) => ({ path: `integration_meta.${path}`, message })),
  );
  const rounded = '{"external_id":9007199254740993,"a":[-9007199254740993]}';

  expect(await create(rounded)).toEqual(refused);
  const { body } = await create('{"external_id":9007199254740992}');
  for (const method of ['PUT', 'PATCH'])
    expect(
      await service.call(`${method} /client-channel/${body.data._id}`, {
        body: `{"integration_meta":${rounded}}`,
      }),
    ).toEqual(refused);
  expect((await service.call(`GET /client-channel/${body.data._id}`)).body).toEqual(body);
});

/** Sorts the keys of objects, as the service does. */
function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const copy = Object.create(null);
  for (const [name, inner] of entries) copy[name] = inner;
  return copy;
}
