import { describe, expect, test } from '@jest/globals';
import { checkWhere, toNewChannel, toPatch } from '../../lib/upsert/merge-row.ts';
import { RowError } from '../../lib/upsert/row-error.ts';
import { catchApiError } from '../support/catch-api-error.ts';
import { channelOf } from '../support/seed.ts';

const sap = { path: ['source'], value: 'sap' };
const deep = { path: ['a', 'b'], value: 'y' };

const patchOf = (meta: object, stored: string | undefined, where?: typeof sap) =>
  toPatch(
    { integration_meta: meta },
    channelOf(1, stored === undefined ? {} : { integration_meta: stored }),
    where,
  );
const mergedWith = (meta: string, stored?: string, where?: typeof sap) =>
  patchOf(JSON.parse(meta), stored, where).integration_meta;
const createdWith = (meta: string, where?: typeof sap) =>
  toNewChannel({ name: 'x', integration_meta: JSON.parse(meta) }, where).integration_meta;
const refusalOf = (run: () => unknown) => {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    return [error.code, error.message];
  }
};
const outside = (problem: string) => ['outside_where', `${problem} at the path that "where" names.`];
const tooLarge = { external_id: 'a', big: 'x'.repeat(64 * 1024) };

describe('a row that changes a channel', () => {
  test.each([
    [undefined, '{"external_id":"a"}', '{"external_id":"a"}'],
    ['{"b":1,"c":2}', '{"b":null,"external_id":"a"}', '{"c":2,"external_id":"a"}'],
    ['{"a":{"x":1,"y":2}}', '{"a":{"x":3}}', '{"a":{"x":3}}'],
    ['{"a":null}', '{}', '{"a":null}'],
    ['{}', '{"a":{"b":null}}', '{"a":{"b":null}}'],
    ['{"__proto__":1,"z":1}', '{"__proto__":{"x":2}}', '{"__proto__":{"x":2},"z":1}'],
    ['{"__proto__":1}', '{"__proto__":null}', '{}'],
    ['{"toString":1}', '{"constructor":2}', '{"constructor":2,"toString":1}'],
  ])('merges metadata by its top-level keys: %s with %s gives %s', (stored, meta, merged) => {
    expect(mergedWith(meta, stored)).toBe(merged);
  });

  test('sets only the fields that it has', () => {
    const channel = channelOf(1);
    const fields = { integration_meta: { external_id: 'a' } };
    const integration_meta = '{"external_id":"a"}';

    expect(toPatch(fields, channel, undefined)).toEqual({ integration_meta });
    expect(
      toPatch({ ...fields, local_name: null, disabled: null, company_namespace: null }, channel, undefined),
    ).toEqual({ integration_meta, local_name: null });
    const all = { name: 'n', local_name: 'l', disabled: false, company_namespace: ['company1'] };
    expect(toPatch({ ...fields, ...all }, channel, undefined)).toEqual({ integration_meta, ...all });
  });

  test('is refused if the merged metadata is larger than 64 KiB, and not if a key makes room', () => {
    const stored = JSON.stringify({ old: 'x'.repeat(40_000) });
    const added = { external_id: 'a', added: 'x'.repeat(30_000) };
    const message = 'is larger than 64 KiB after the merge';

    expect(catchApiError(() => patchOf(added, stored)).details).toEqual([
      { path: 'integration_meta', message },
    ]);
    expect(patchOf({ ...added, old: null }, stored)).toEqual({ integration_meta: expect.any(String) });
  });

  test.each([
    ['{"source":"sap"}', '{"a":1}', sap],
    ['{"source":"sap"}', '{"source":"sap"}', sap],
    ['{"source":7}', '{"source":"7"}', { path: ['source'], value: '7' }],
    ['{"a":{"b":"y"}}', '{"a":{"b":"y","c":1}}', deep],
  ])('may change a channel inside of the condition: %s with %s', (stored, meta, where) => {
    expect(mergedWith(meta, stored, where)).toEqual(expect.any(String));
  });

  test.each([
    [undefined, sap],
    ['{}', sap],
    ['{"source":"oracle"}', sap],
    ['{"source":"SAP"}', sap],
    ['{"source":{"x":"sap"}}', sap],
    ['{"source":["sap"]}', sap],
    ['{"a":"y"}', deep],
    ['{"a.b":"y"}', deep],
  ])('is refused if the channel is outside of the condition: %s', (stored, where) => {
    expect(refusalOf(() => mergedWith('{"source":"sap","a":{"b":"y"}}', stored, where))).toEqual(
      outside('All sources share one set of keys: the channel with this key has another value, or none,'),
    );
  });

  test.each([
    ['{"source":"sap"}', '{"source":"oracle"}', sap],
    ['{"source":"sap"}', '{"source":null}', sap],
    ['{"source":"sap"}', '{"source":{}}', sap],
    ['{"a":{"b":"y"}}', '{"a":{"c":1}}', deep],
    ['{"a":{"b":"y"}}', '{"a":null}', deep],
  ])('is refused if it takes the channel out of the condition: %s with %s', (stored, meta, where) => {
    expect(refusalOf(() => mergedWith(meta, stored, where))).toEqual(
      outside('The row would change the value'),
    );
  });
});

describe('a row that creates a channel', () => {
  test('keeps its fields, and leaves out the metadata keys that are null', () => {
    const fields = { local_name: 'l', disabled: true, company_namespace: ['company1'] };
    const integration_meta = { external_id: 'a', x: null, kept: { inner: null } };

    expect(toNewChannel({ name: 'n', ...fields, integration_meta }, undefined)).toEqual({
      name: 'n',
      ...fields,
      integration_meta: '{"external_id":"a","kept":{"inner":null}}',
    });
  });

  test('needs a name', () => {
    const message = 'is required, because no channel carries this key yet';

    expect(catchApiError(() => toNewChannel({ integration_meta: {} }, undefined)).details).toEqual([
      { path: 'name', message },
    ]);
  });

  test('is refused if its metadata is larger than 64 KiB', () => {
    const { details } = catchApiError(() =>
      toNewChannel({ name: 'n', integration_meta: tooLarge }, undefined),
    );

    expect(details).toEqual([{ path: 'integration_meta', message: 'is larger than 64 KiB' }]);
  });

  test.each([
    ['{}', sap, '{"source":"sap"}'],
    ['{"source":null,"z":1}', sap, '{"source":"sap","z":1}'],
    ['{"source":"sap"}', sap, '{"source":"sap"}'],
    ['{"source":7}', { path: ['source'], value: '7' }, '{"source":7}'],
    ['{}', deep, '{"a":{"b":"y"}}'],
    ['{"a":{"c":1}}', deep, '{"a":{"b":"y","c":1}}'],
    ['{}', { path: ['__proto__', 'x'], value: 'y' }, '{"__proto__":{"x":"y"}}'],
  ])('gets the value of the condition: %s', (meta, where, created) => {
    expect(createdWith(meta, where)).toBe(created);
  });

  test.each([
    ['{"source":"oracle"}', sap],
    ['{"source":{}}', sap],
    ['{"source":false}', sap],
    ['{"a":"y"}', deep],
    ['{"a":["b"]}', deep],
    ['{"a":{"b":null}}', deep],
  ])('is refused with another value there: %s', (meta, where) => {
    expect(refusalOf(() => createdWith(meta, where))).toEqual(outside('The row has another value'));
  });
});

test('a condition selects a channel by the text at its path', () => {
  expect(checkWhere(undefined, undefined, 'x')).toBeUndefined();
  expect(checkWhere(sap, '{"source":"sap"}', 'x')).toBeUndefined();
  expect(refusalOf(() => checkWhere(sap, undefined, 'It has another value'))).toEqual(
    outside('It has another value'),
  );
});
