import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { serializeIntegrationMeta } from '../../lib/channels/integration-meta.ts';
import { parseExactJson } from '../../lib/parse-json.ts';
import { isExact } from '../support/is-exact.ts';

const parse = (json: string) => parseExactJson(json) as object;
const wholeObject = (message: string) => ({ problems: [{ path: [], message }] });
const nested = (levels: number, open: string, close: string, core: string) =>
  parse(`{"a":${open.repeat(levels - 1)}${core}${close.repeat(levels - 1)}}`);

describe('integration metadata', () => {
  test('are equal after serializing and parsing, for any JSON object', () => {
    const object = fc.dictionary(
      fc.oneof(
        fc.constantFrom('', '__proto__', 'a.b', 'constructor', 'toJSON'),
        fc.string({ unit: 'grapheme' }),
      ),
      fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }).filter(isExact),
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
    ['{"n":1e300,"big":9007199254740992,"zero":-0}', '{"big":9007199254740992,"n":1e+300,"zero":0}'],
    ['{"a.b":null,"ع":"قناة"}', '{"a.b":null,"ع":"قناة"}'],
  ])('are stored with sorted keys: %s', (sent, text) => {
    expect(serializeIntegrationMeta(parse(sent))).toEqual({ text });
  });

  test.each([
    ['objects', '{"a":', '}'],
    ['arrays', '[', ']'],
  ])('may have 16 levels of %s, but not 17', (_, open, close) => {
    expect(serializeIntegrationMeta(nested(16, open, close, '1'))).toEqual({ text: expect.any(String) });
    const problem = wholeObject('is nested more than 16 levels deep');
    expect(serializeIntegrationMeta(nested(17, open, close, '1'))).toEqual(problem);
    expect(serializeIntegrationMeta(nested(100_000, open, close, '1'))).toEqual(problem);
  });

  test('may have 64 KiB of UTF-8, but not more', () => {
    const frame = '{"a":""}'.length;
    expect(serializeIntegrationMeta({ a: 'x'.repeat(65_536 - frame) })).toEqual({ text: expect.any(String) });
    expect(serializeIntegrationMeta({ a: 'x'.repeat(65_537 - frame) })).toEqual(
      wholeObject('is larger than 64 KiB'),
    );
    expect(serializeIntegrationMeta({ a: 'ق'.repeat(32_768) })).toEqual(wholeObject('is larger than 64 KiB'));
  });

  test.each([
    '{"a":"\\ud800"}',
    '{"a":["\\udc00x"]}',
    '{"\\ud800":1}',
  ])('must not contain a lone surrogate: %s', (json) => {
    expect(serializeIntegrationMeta(parse(json))).toEqual(
      wholeObject('contains a lone surrogate, which is not a character'),
    );
  });

  test('must not contain a number beyond the range of a double', () => {
    expect(serializeIntegrationMeta(parse('{"a":[1e400]}'))).toEqual(
      wholeObject('contains a number beyond the range of a double'),
    );
  });

  const inexact = 'is an integer that no double holds exactly: send it as a string';
  test('must not contain an integer that a double would round, and each of them is named', () => {
    const sent = `{"id":9007199254740993,"a":{"b.c":["9007199254740993",-9007199254740993]},"n":5}`;
    expect(serializeIntegrationMeta(parse(sent))).toEqual({
      problems: [
        { path: ['id'], message: inexact },
        { path: ['a', 'b.c', '1'], message: inexact },
      ],
    });
  });
});
