import { expect, test } from '@jest/globals';
import { parseWhere, withWhere } from '../../../client/command-line/metadata-path.ts';

test.each([
  ['integration_meta.source=sap', { path: ['source'], value: 'sap' }],
  ['integration_meta.a.b=x=y', { path: ['a', 'b'], value: 'x=y' }],
])('--where %s names a path and a value', (text, where) => {
  expect(parseWhere(text)).toEqual(where);
});

test.each([
  undefined,
  '',
  'source=sap',
  'name=Retail',
  'integration_meta.source',
  'integration_meta.source=',
  'integration_meta.a..b=x',
  'integration_meta.=x',
])('--where %s is refused', (text) => {
  expect(() => parseWhere(text)).toThrow('--where is a path in the metadata with its value');
});

test.each([
  ['the value itself', { a: { b: 'x', c: 1 } }, { a: { b: 'x', c: 1 } }],
  ['nothing below the first key', { a: { c: 1 } }, { a: { c: 1, b: 'x' } }],
  ['not even the first key, so that the service adds it', { d: 1 }, { d: 1 }],
  ['another value', { a: { b: 'y' } }, undefined],
  ['null', { a: { b: null } }, undefined],
  ['null instead of the object', { a: null }, undefined],
  ['text instead of the object', { a: 'x' }, undefined],
  ['a list instead of the object', { a: [] }, undefined],
])('a row that has %s at the path', (_, meta, expected) => {
  expect(withWhere(meta, { path: ['a', 'b'], value: 'x' })).toEqual(expected);
});

test('a number equals its text', () => {
  const meta = { n: 5 };
  expect(withWhere(meta, { path: ['n'], value: '5' })).toBe(meta);
});
