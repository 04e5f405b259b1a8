import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nameFromPath, parseQueryString } from '../../lib/lists/query/raw-parameters.ts';

const parameter = (path: string[], value: string) => ({ path, value });

describe('A query string is split into parameters', () => {
  test.each([
    ['an empty string has none', '', []],
    ['a name and a value are one parameter', 'a=1', [parameter(['a'], '1')]],
    [
      'order and repetition are kept',
      'b=2&a=1&b=3',
      [
        ['b', '2'],
        ['a', '1'],
        ['b', '3'],
      ].map(([name, value]) => parameter([name ?? ''], value ?? '')),
    ],
    ['a missing value is the empty text', 'a&b=', [parameter(['a'], ''), parameter(['b'], '')]],
    ['a value may contain an equals sign', 'a=b=c', [parameter(['a'], 'b=c')]],
    ['a name may be empty', '=x', [parameter([''], 'x')]],
    ['separators without a parameter are ignored', '&&a=1&', [parameter(['a'], '1')]],
    ['a leading question mark is part of the name', '?a=1', [parameter(['?a'], '1')]],
    ['a plus sign is a space', 'a=x+y%2Bz', [parameter(['a'], 'x y+z')]],
    ['a comma is part of the value', 'a=b,c', [parameter(['a'], 'b,c')]],
    ['percent-encoded UTF-8 is decoded', 'a=%D9%82%D9%86%D8%A7%D8%A9', [parameter(['a'], 'قناة')]],
    ['text that was not encoded stays as it is', 'a=قناة', [parameter(['a'], 'قناة')]],
    [
      'a percent sign that encodes nothing stays as it is',
      '%=100%&b=%zz',
      [parameter(['%'], '100%'), parameter(['b'], '%zz')],
    ],
    ['bytes that are not UTF-8 become the replacement character', 'a=%ff', [parameter(['a'], '\uFFFD')]],
  ])('%s: %s', (_, raw, expected) => {
    expect(parseQueryString(raw)).toEqual(expected);
  });

  test('it gives back the pairs that URLSearchParams wrote', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (pairs) => {
        const parameters = parseQueryString(new URLSearchParams(pairs).toString());
        expect(parameters.map(({ path, value }) => [nameFromPath(path), value])).toEqual(pairs);
      }),
      { numRuns: 200 },
    );
  });

  test('it never throws', () => {
    const units = fc.constantFrom('[', ']', '%', '%5B', '=', '&', '+', '.', 'a', '%e2', '\uD800', 'é');
    fc.assert(
      fc.property(fc.string({ unit: units }), (raw) => {
        expect(() => parseQueryString(raw)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

describe('A name is split into segments', () => {
  test.each([
    ['brackets separate segments', 'sortBy[0][field]', ['sortBy', '0', 'field']],
    ['encoded brackets mean the same', 'sortBy%5B0%5D%5Bfield%5D', ['sortBy', '0', 'field']],
    ['raw and encoded brackets may be mixed', 'sortBy[0]%5bfield%5d', ['sortBy', '0', 'field']],
    ['empty brackets are an empty segment', '_id[]', ['_id', '']],
    ['the segment before the brackets may be empty', '[a]', ['', 'a']],
    ['dots do not separate segments', 'a.b[c.d]', ['a.b', 'c.d']],
    ['names that every object has are ordinary', '__proto__[constructor]', ['__proto__', 'constructor']],
    ['a segment may contain a bracket', 'a[b]c]', ['a', 'b]c']],
    ['a name with text after its brackets is one segment', 'a[b].c', ['a[b].c']],
    ['a name whose bracket is not closed is one segment', 'a[b', ['a[b']],
    ['a name whose bracket is not opened is one segment', 'a]', ['a]']],
  ])('%s: %s', (_, name, path) => {
    expect(parseQueryString(`${name}=x`)).toEqual([parameter(path, 'x')]);
  });

  test('nameFromPath gives the name as the client wrote it', () => {
    expect(nameFromPath(['sortBy', '0', 'field'])).toBe('sortBy[0][field]');
    expect(nameFromPath(['integration_meta.a', ''])).toBe('integration_meta.a[]');
  });
});

describe('Parsing time is linear in the length', () => {
  const cpuMicroseconds = (run: () => void): number => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const megabyte = 1_000_000;
  const parts = 64;

  /** The least of several measurements, because garbage collection and compilation disturb some of them. */
  const leastOf = (count: number, measure: () => number): number =>
    Math.min(...Array.from({ length: count }, measure));

  test.each([
    ['opening brackets', '['],
    ['closing brackets', ']'],
    ['pairs of brackets', '[]'],
    ['crossed brackets', ']['],
    ['percent signs', '%'],
    ['separators', '&'],
  ])('parsing a megabyte of %s at once takes about as long as parsing it in 64 parts', (_, unit) => {
    for (const end of ['x=1]', ']=1']) {
      const rawOf = (bytes: number) => `a${unit.repeat(bytes / unit.length)}${end}`;
      const [whole, part] = [rawOf(megabyte), rawOf(megabyte / parts)];
      const ofWhole = leastOf(3, () => cpuMicroseconds(() => parseQueryString(whole)));
      const ofParts = leastOf(3, () =>
        cpuMicroseconds(() => {
          for (let count = 0; count < parts; count += 1) parseQueryString(part);
        }),
      );

      // Both are equal if the time is linear. If it is quadratic, the whole costs 64 times as much.
      expect(ofWhole / ofParts).toBeLessThan(parts / 4);
    }
  });
});
