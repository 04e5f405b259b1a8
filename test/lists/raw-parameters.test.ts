import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nameOf, parseQueryString } from '../../lib/lists/query/raw-parameters.ts';

const parameter = (path: string[], value: string) => ({ path, value });

describe('a query string', () => {
  test.each([
    ['nothing', '', []],
    ['one parameter', 'a=1', [parameter(['a'], '1')]],
    [
      'order and repetition are kept',
      'b=2&a=1&b=3',
      [
        ['b', '2'],
        ['a', '1'],
        ['b', '3'],
      ].map(([name, value]) => parameter([name ?? ''], value ?? '')),
    ],
    ['no value', 'a&b=', [parameter(['a'], ''), parameter(['b'], '')]],
    ['an equals sign in the value', 'a=b=c', [parameter(['a'], 'b=c')]],
    ['an empty name', '=x', [parameter([''], 'x')]],
    ['separators without a parameter', '&&a=1&', [parameter(['a'], '1')]],
    ['a name that begins with a question mark', '?a=1', [parameter(['?a'], '1')]],
    ['a plus is a space', 'a=x+y%2Bz', [parameter(['a'], 'x y+z')]],
    ['a comma is data', 'a=b,c', [parameter(['a'], 'b,c')]],
    ['UTF-8', 'a=%D9%82%D9%86%D8%A7%D8%A9', [parameter(['a'], 'قناة')]],
    ['text that was never encoded', 'a=قناة', [parameter(['a'], 'قناة')]],
    [
      'a percent sign that encodes nothing',
      '%=100%&b=%zz',
      [parameter(['%'], '100%'), parameter(['b'], '%zz')],
    ],
    ['bytes that are not UTF-8', 'a=%ff', [parameter(['a'], '\uFFFD')]],
  ])('%s: %s', (_, raw, expected) => {
    expect(parseQueryString(raw)).toEqual(expected);
  });
});

describe('a name', () => {
  test.each([
    ['brackets separate', 'sortBy[0][field]', ['sortBy', '0', 'field']],
    ['encoded brackets are the same', 'sortBy%5B0%5D%5Bfield%5D', ['sortBy', '0', 'field']],
    ['some raw, some encoded', 'sortBy[0]%5bfield%5d', ['sortBy', '0', 'field']],
    ['nothing between brackets', '_id[]', ['_id', '']],
    ['nothing before brackets', '[a]', ['', 'a']],
    ['dots separate nothing', 'a.b[c.d]', ['a.b', 'c.d']],
    ['names that every object has', '__proto__[constructor]', ['__proto__', 'constructor']],
    ['a bracket inside a key', 'a[b]c]', ['a', 'b]c']],
    ['text behind the brackets makes it one segment', 'a[b].c', ['a[b].c']],
    ['brackets that are never closed', 'a[b', ['a[b']],
    ['brackets that are never opened', 'a]', ['a]']],
  ])('%s: %s', (_, name, path) => {
    expect(parseQueryString(`${name}=x`)).toEqual([parameter(path, 'x')]);
  });

  test('is shown as it was written', () => {
    expect(nameOf(['sortBy', '0', 'field'])).toBe('sortBy[0][field]');
    expect(nameOf(['integration_meta.a', ''])).toBe('integration_meta.a[]');
  });
});

test('whatever the pairs, URLSearchParams writes what is read here', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), (pairs) => {
      const parameters = parseQueryString(new URLSearchParams(pairs).toString());
      expect(parameters.map(({ path, value }) => [nameOf(path), value])).toEqual(pairs);
    }),
    { numRuns: 200 },
  );
});

test('any string at all can be read', () => {
  const units = fc.constantFrom('[', ']', '%', '%5B', '=', '&', '+', '.', 'a', '%e2', '\uD800', 'é');
  fc.assert(
    fc.property(fc.string({ unit: units }), (raw) => {
      expect(() => parseQueryString(raw)).not.toThrow();
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['opening brackets', '['],
  ['closing brackets', ']'],
  ['pairs of brackets', '[]'],
  ['crossed brackets', ']['],
  ['percent signs', '%'],
  ['separators', '&'],
])('a megabyte of %s takes no time to speak of', (_, unit) => {
  const raw = `a${unit.repeat(1_000_000 / unit.length)}x=1]`;

  const before = performance.now();
  parseQueryString(raw);

  expect(performance.now() - before).toBeLessThan(2_000);
});
