import { describe, expect, test } from '@jest/globals';
import { keyOfRow, parseRow } from '../../lib/upsert/parse-row.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const context = { match: 'external_id', namespace: 'company1', where: undefined } as const;
const parse = (row: unknown) => parseRow(row, context);
const withKey = (external_id: unknown) => ({ name: 'x', integration_meta: { external_id } });
const detailsOf = (row: unknown) => {
  const { code, details } = catchApiError(() => parse(row));
  return [code, details];
};
const refusal = (path: string, message: string) => ['invalid_request', [{ path, message }]];

describe('the key of a row', () => {
  test.each([
    ['sap-1', 'sap-1'],
    [' 7', ' 7'],
    [77, '77'],
    [0, '0'],
    [-0, '0'],
    [1.5, '1.5'],
    [1e21, '1e+21'],
    ['false', 'false'],
    ['x'.repeat(5_000), 'x'.repeat(5_000)],
  ])('is a string or a number, as text: %j', (external_id, value) => {
    expect(parse(withKey(external_id)).matchValue).toBe(value);
    expect(keyOfRow(withKey(external_id), 'external_id')).toBe(value);
  });

  test('is at the path that the request names', () => {
    const row = { name: 'x', integration_meta: { external_id: 'a', id: 'b' } };

    expect([parseRow(row, { ...context, match: 'id' }).matchValue, keyOfRow(row, 'id')]).toEqual(['b', 'b']);
  });

  const wrongType = 'must be a string or a number';
  test.each([
    ['', 'must not be blank'],
    [' \t', 'must not be blank'],
    ['\u200b\u2800', 'must not be blank'],
    ['null', 'must not be the text "null", which stands for a missing id'],
    ['undefined', 'must not be the text "undefined", which stands for a missing id'],
    [null, wrongType],
    [true, wrongType],
    [['a'], wrongType],
    [{ a: 1 }, wrongType],
    [undefined, 'is required, because it names the channel'],
  ])('is refused: %j', (external_id, message) => {
    expect(detailsOf(withKey(external_id))).toEqual(refusal('integration_meta.external_id', message));
    expect(keyOfRow(withKey(external_id), 'external_id')).toBeUndefined();
  });

  test('is refused as an integer that a double would round', () => {
    expect(detailsOf(withKey(9007199254740993n))).toEqual(
      refusal(
        'integration_meta.external_id',
        'is an integer that no double holds exactly: send it as a string',
      ),
    );
  });

  test.each([
    [null],
    [5],
    ['x'],
    [[]],
    [{}],
    [{ integration_meta: null }],
    [{ integration_meta: 'external_id' }],
    [{ integration_meta: [] }],
    [{ integration_meta: { id: 'x' } }],
  ])('is missing: %j', (row) => {
    expect(keyOfRow(row, 'external_id')).toBeUndefined();
    expect(catchApiError(() => parse(row)).code).toBe('invalid_request');
  });

  test('is found in a row that is wrong in other respects', () => {
    expect(keyOfRow({ ...withKey('a'), name: '', unknown: 1 }, 'external_id')).toBe('a');
  });
});

describe('a row that creates or changes a channel', () => {
  test('has the fields of a creation, and needs no name', () => {
    const fields = {
      local_name: null,
      disabled: null,
      company_namespace: ['company2', 'company1', 'company2'],
      integration_meta: { external_id: 'a', removed: null },
    };

    expect(parse(fields)).toEqual({
      kind: 'upsert',
      matchValue: 'a',
      fields: { ...fields, company_namespace: ['company2', 'company1'] },
    });
  });

  test.each([[null], [7], ['x'], [[]], [true], [10n]])('must be an object: %p', (row) => {
    const { code, message, details } = catchApiError(() => parse(row));

    expect([code, message, details]).toEqual([
      'invalid_request',
      'The row must be a JSON object.',
      undefined,
    ]);
  });

  test.each<[fields: object, path: string, message: string]>([
    [{ name: null }, 'name', 'must be a string'],
    [{ name: '' }, 'name', 'must not be blank: it needs at least one visible character'],
    [{ name: 'x'.repeat(257) }, 'name', 'must be at most 256 characters long'],
    [{ local_name: 5 }, 'local_name', 'must be a string'],
    [{ disabled: 'no' }, 'disabled', 'must be true or false'],
    [{ company_namespace: [] }, 'company_namespace', 'must name at least one namespace'],
    [{ company_namespace: 'company1' }, 'company_namespace', 'must be an array of strings'],
    [
      { company_namespace: ['company2'] },
      'company_namespace',
      'must contain "company1", the namespace of the request',
    ],
    [{ _id: '65f0a1b2c3d4e5f601234567' }, '_id', 'is set by the service: leave it out'],
    [{ __v: 0 }, '__v', 'is set by the service: leave it out'],
    [{ nmae: 'x' }, 'nmae', 'is not a field of this operation (did you mean name?)'],
    [{ integration_meta: undefined }, 'integration_meta', 'must be a JSON object'],
    [{ integration_meta: null }, 'integration_meta', 'must be a JSON object'],
    [{ integration_meta: ['x'] }, 'integration_meta', 'must be a JSON object'],
    [
      { integration_meta: { external_id: 'a', x: '\ud800' } },
      'integration_meta',
      'contains a lone surrogate, which is not a character',
    ],
  ])('is refused with %j', (fields, path, message) => {
    expect(detailsOf({ ...withKey('a'), ...fields })).toEqual(refusal(path, message));
  });

  test('is refused without metadata', () => {
    expect(detailsOf({ name: 'x' })).toEqual(refusal('integration_meta', 'is required'));
  });
});

describe('a row that deletes a channel', () => {
  const deletion = { delete: true, integration_meta: { external_id: 'a' } };
  const onlyKey = 'must be absent, because a deletion looks at its key only: conditions belong in "where"';

  test('has a key and no other field', () => {
    expect(parse(deletion)).toEqual({ kind: 'delete', matchValue: 'a' });
  });

  const source = { path: ['source'], value: '7' };
  const nested = { path: ['source', 'system'], value: 'sap' };
  test.each([
    [source, { source: '7' }],
    [source, { source: 7 }],
    [nested, { source: { system: 'sap' } }],
  ])('may repeat the condition of the request: %j', (where, repeated) => {
    const row = { delete: true, integration_meta: { external_id: 'a', ...repeated } };

    expect(parseRow(row, { ...context, where })).toEqual({ kind: 'delete', matchValue: 'a' });
  });

  test.each([
    [undefined, { source: 'sap' }],
    [undefined, { source: null }],
    [source, { source: 'oracle' }],
    [source, { source: null }],
    [nested, { source: 'sap' }],
  ])('is refused with other metadata, which would look like a condition: %j, %j', (where, others) => {
    const row = { delete: true, integration_meta: { external_id: 'a', ...others } };

    expect(catchApiError(() => parseRow(row, { ...context, where })).details).toEqual([
      { path: 'integration_meta.source', message: onlyKey },
    ]);
  });

  test('is refused with every metadata key that it has too many', () => {
    const row = { delete: true, integration_meta: { external_id: 'a', id: 'b', source: 'sap' } };

    expect(catchApiError(() => parse(row)).details).toEqual([
      { path: 'integration_meta.id', message: onlyKey },
      { path: 'integration_meta.source', message: onlyKey },
    ]);
  });

  test.each<[fields: object, path: string, message: string]>([
    [{ delete: false }, 'delete', 'must be true, or absent'],
    [{ delete: null }, 'delete', 'must be true, or absent'],
    [{ delete: 'true' }, 'delete', 'must be true, or absent'],
    [{ name: 'x' }, 'name', 'is not a field of a deletion, which has only integration_meta'],
    [{ integration_meta: null }, 'integration_meta', 'must be a JSON object'],
    [{ integration_meta: {} }, 'integration_meta.external_id', 'is required, because it names the channel'],
    [{ integration_meta: { external_id: '' } }, 'integration_meta.external_id', 'must not be blank'],
  ])('is refused with %j', (fields, path, message) => {
    expect(detailsOf({ ...deletion, ...fields })).toEqual(refusal(path, message));
  });
});
