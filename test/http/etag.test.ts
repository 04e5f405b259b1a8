import { describe, expect, test } from '@jest/globals';
import { etagOf, isKnown, readIfMatch } from '../../lib/http/etag.ts';

test('the ETag of a channel is its version in quotes', () => {
  expect(etagOf({ __v: 12 })).toBe('"12"');
});

describe('If-Match', () => {
  test.each([
    [undefined, undefined],
    ['*', { anyVersion: true }],
    ['"0"', { versions: [0] }],
    ['"3", "14"', { versions: [3, 14] }],
    ['W/"3"', { versions: [-1] }],
    ['"3",W/"4"', { versions: [3, -1] }],
    ['"03"', { versions: [-1] }],
    ['"abc"', { versions: [-1] }],
    ['3', { versions: [-1] }],
    ['', { versions: [-1] }],
  ])('with the value %j becomes the precondition %j', (header, precondition) => {
    expect(readIfMatch(header)).toEqual(precondition);
  });

  test('may contain 100 tags, and is refused with more', () => {
    const tags = (count: number) => Array.from({ length: count }, (_, version) => `"${version}"`).join(', ');
    expect(readIfMatch(tags(100))).toMatchObject({ versions: { length: 100 } });
    expect(() => readIfMatch(tags(101))).toThrow('"If-Match" may hold at most 100 entity tags.');
  });
});

test.each([
  [undefined, false],
  ['*', true],
  ['"2"', true],
  ['W/"2"', true],
  ['"1", "2"', true],
  ['"1"', false],
  ['2', false],
  ['"22"', false],
])('with If-None-Match %j and version 2, isKnown returns %s', (header, known) => {
  expect(isKnown(header, '"2"')).toBe(known);
});
