import { describe, expect, test } from '@jest/globals';
import { parseUpsertRequest } from '../../lib/upsert/upsert-request.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const row = { name: 'x', integration_meta: { external_id: 'a' } };
const channels = [row];

describe('the envelope of an upsert', () => {
  test('matches by external_id, writes, and has no condition by default', () => {
    expect(parseUpsertRequest({ channels })).toEqual({
      match: 'external_id',
      rows: channels,
      dryRun: false,
      where: undefined,
    });
  });

  test('may choose the other key, a dry run and a condition', () => {
    const where = { 'integration_meta.source.system': 'sap' };

    expect(parseUpsertRequest({ channels, match: 'integration_meta.id', dry_run: true, where })).toEqual({
      match: 'id',
      rows: channels,
      dryRun: true,
      where: { path: ['source', 'system'], value: 'sap' },
    });
  });

  test('may have 1 to 100 rows, and does not look into them', () => {
    const rows = [null, 1, 'x', [], ...Array(96).fill({})];

    expect(parseUpsertRequest({ channels: rows }).rows).toEqual(rows);
  });

  const wherePath = 'must be a path in the metadata, as in "integration_meta.source"';
  const whereObject = 'must be an object, as in {"integration_meta.source": "sap"}';
  const matchValue = 'must be "integration_meta.external_id" or "integration_meta.id"';
  test.each<[body: Record<string, unknown>, path: string, message: string]>([
    [{}, 'channels', 'is required'],
    [{ channels: null }, 'channels', 'must be an array'],
    [{ channels: row }, 'channels', 'must be an array'],
    [{ channels: [] }, 'channels', 'must hold at least one row'],
    [
      { channels: Array(101).fill(row) },
      'channels',
      'must hold at most 100 rows: send the rest in further requests',
    ],
    [{ channels, match: 'external_id' }, 'match', matchValue],
    [{ channels, match: 'name' }, 'match', matchValue],
    [{ channels, match: null }, 'match', matchValue],
    [{ channels, dry_run: 'true' }, 'dry_run', 'must be true or false'],
    [{ channels, dry_run: 1 }, 'dry_run', 'must be true or false'],
    [{ channels, dry_run: null }, 'dry_run', 'must be true or false'],
    [{ channels, dryRun: true }, 'dryRun', 'is not a field of this operation (did you mean dry_run?)'],
    [{ channels, rows: [] }, 'rows', 'is not a field of this operation'],
    [{ channels, where: null }, 'where', whereObject],
    [{ channels, where: 'integration_meta.a=b' }, 'where', whereObject],
    [{ channels, where: ['integration_meta.a', 'b'] }, 'where', whereObject],
    [{ channels, where: {} }, 'where', 'must have exactly one path, as in "integration_meta.source"'],
    [
      { channels, where: { 'integration_meta.a': 'x', 'integration_meta.b': 'y' } },
      'where',
      'must have exactly one path, as in "integration_meta.source"',
    ],
    [{ channels, where: { name: 'x' } }, 'where.name', wherePath],
    [{ channels, where: { integration_meta: 'x' } }, 'where.integration_meta', wherePath],
    [{ channels, where: { 'integration_meta.': 'x' } }, 'where.integration_meta.', wherePath],
    [{ channels, where: { 'integration_meta.a..b': 'x' } }, 'where.integration_meta.a..b', wherePath],
    [
      { channels, where: { [`integration_meta${'.a'.repeat(17)}`]: 'x' } },
      `where.integration_meta${'.a'.repeat(17)}`,
      'may have at most 16 levels',
    ],
    ...[1, true, null, '', ' \u200b', ['x'], { $eq: 'x' }].map(
      (value): [Record<string, unknown>, string, string] => [
        { channels, where: { 'integration_meta.a': value } },
        'where.integration_meta.a',
        'must be a string that is not blank',
      ],
    ),
  ])('refuses %j', (body, path, message) => {
    const error = catchApiError(() => parseUpsertRequest(body));

    expect([error.code, error.details]).toEqual(['invalid_request', [{ path, message }]]);
  });

  test('is no array: the error shows where the rows belong', () => {
    expect(catchApiError(() => parseUpsertRequest(channels)).message).toBe(
      'The body must be a JSON object: send the rows as {"channels": […]}.',
    );
  });

  test('names all its problems', () => {
    const error = catchApiError(() => parseUpsertRequest({ channels: [], dry_run: 0, where: {}, x: 1 }));

    expect(error.details?.map(({ path }) => path).sort()).toEqual(['channels', 'dry_run', 'where', 'x']);
  });

  test.each([[null], ['x'], [1]])('refuses a body that is no object: %j', (body) => {
    const { code, message } = catchApiError(() => parseUpsertRequest(body));

    expect([code, message]).toEqual(['invalid_request', 'The body must be a JSON object.']);
  });
});
