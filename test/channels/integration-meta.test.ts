import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { serializeIntegrationMeta } from '../../lib/channels/integration-meta.ts';

const parse = (json: string) => JSON.parse(json) as object;
const nested = (levels: number, open: string, close: string, core: string) =>
  parse(`{"a":${open.repeat(levels - 1)}${core}${close.repeat(levels - 1)}}`);

describe('integration metadata', () => {
  test('are equal after serializing and parsing, for any JSON object', () => {
    const object = fc.dictionary(
      fc.oneof(
        fc.constantFrom('', '__proto__', 'a.b', 'constructor', 'toJSON'),
        fc.string({ unit: 'grapheme' }),
      ),
      fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }),
    );
    fc.assert(
      fc.property(object, (value) => {
        const sent = JSON.stringify(value);
        const result = serializeIntegrationMeta(parse(sent));
        expect(result).toEqual({ text: expect.any(String) });
        expect(parse((result as { text: string }).text)).toEqual(parse(sent));
      }),
    );
  });

  test.each([
    ['{"b":1,"a":{"d":[],"c":{}}}', '{"a":{"c":{},"d":[]},"b":1}'],
    ['{"__proto__":{"x":1},"":""}', '{"":"","__proto__":{"x":1}}'],
    ['{"n":1e300,"big":9007199254740993,"zero":-0}', '{"big":9007199254740992,"n":1e+300,"zero":0}'],
    ['{"a.b":null,"ع":"قناة"}', '{"a.b":null,"ع":"قناة"}'],
  ])('are stored with sorted keys: %s', (sent, text) => {
    expect(serializeIntegrationMeta(parse(sent))).toEqual({ text });
  });

  test.each([
    ['objects', '{"a":', '}'],
    ['arrays', '[', ']'],
  ])('may have 16 levels of %s, but not 17', (_, open, close) => {
    expect(serializeIntegrationMeta(nested(16, open, close, '1'))).toEqual({ text: expect.any(String) });
    const problem = { problem: 'is nested more than 16 levels deep' };
    expect(serializeIntegrationMeta(nested(17, open, close, '1'))).toEqual(problem);
    expect(serializeIntegrationMeta(nested(100_000, open, close, '1'))).toEqual(problem);
  });

  test('may have 64 KiB of UTF-8, but not more', () => {
    const frame = '{"a":""}'.length;
    expect(serializeIntegrationMeta({ a: 'x'.repeat(65_536 - frame) })).toEqual({ text: expect.any(String) });
    expect(serializeIntegrationMeta({ a: 'x'.repeat(65_537 - frame) })).toEqual({
      problem: 'is larger than 64 KiB',
    });
    expect(serializeIntegrationMeta({ a: 'ق'.repeat(32_768) })).toEqual({ problem: 'is larger than 64 KiB' });
  });

  test.each([
    '{"a":"\\ud800"}',
    '{"a":["\\udc00x"]}',
    '{"\\ud800":1}',
  ])('must not contain a lone surrogate: %s', (json) => {
    expect(serializeIntegrationMeta(parse(json))).toEqual({
      problem: 'contains a lone surrogate, which is not a character',
    });
  });

  test('must not contain a number that a double cannot represent', () => {
    expect(serializeIntegrationMeta(parse('{"a":[1e400]}'))).toEqual({
      problem: 'contains a number beyond the range of a double',
    });
  });
});
