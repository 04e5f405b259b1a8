import { describe, expect, test } from '@jest/globals';
import { invalidRequest } from '../../lib/api-error.ts';
import { toDocument } from '../../lib/channels/channel.ts';
import { maxDataBytes } from '../../lib/response-size.ts';
import { RowError } from '../../lib/upsert/row-error.ts';
import { type RowProblem, toUpsertResponse } from '../../lib/upsert/to-response.ts';
import type { RowResult } from '../../lib/upsert/upsert-channels.ts';
import { channelOf, metaOfSize } from '../support/seed.ts';

const toResponse = (results: RowResult[]) =>
  toUpsertResponse(results, (error) => error as unknown as RowProblem);
const small = toDocument(channelOf(1));
const large = toDocument(channelOf(2, { integration_meta: metaOfSize(64 * 1024) }));
const { _id, __v } = large;
const unchanged: RowResult = { result: 'unchanged', _id, __v, channel: large };

describe('the response to an upsert', () => {
  test('has a row for each result, in their order, and counts them', () => {
    const details: [{ path: string; message: string }] = [{ path: 'name', message: 'is wrong' }];

    expect(
      toResponse([
        { result: 'deleted', _id, __v: 1, channel: small },
        { result: 'failed', error: new RowError('outside_where', 'Outside.') },
        { result: 'created', channel: small },
        { result: 'failed', error: invalidRequest('field', details) },
        { result: 'unchanged' },
      ]),
    ).toEqual({
      data: [
        { index: 0, result: 'deleted', _id, __v: 1, channel: small },
        { index: 1, result: 'failed', code: 'outside_where', error: 'Outside.' },
        { index: 2, result: 'created', channel: small },
        {
          index: 3,
          result: 'failed',
          code: 'invalid_request',
          error: 'The field "name" is wrong.',
          details,
        },
        { index: 4, result: 'unchanged' },
      ],
      summary: { created: 1, updated: 0, unchanged: 1, deleted: 1, failed: 2 },
    });
  });

  test('leaves the channels of the remaining rows out before it exceeds 5 MiB, also of smaller ones', () => {
    const results = [...Array(90).fill(unchanged), { ...unchanged, channel: small }];

    const { data } = toResponse(results);

    const bytes = (rows: object[]) => Buffer.byteLength(JSON.stringify(JSON.stringify(rows)));
    const full = data.filter((row) => 'channel' in row);
    expect(full).toEqual(results.slice(0, full.length).map((row, index) => ({ index, ...row })));
    expect(data.slice(full.length)).toEqual(
      results
        .slice(full.length)
        .map((_, index) => ({ index: full.length + index, result: 'unchanged', _id, __v })),
    );
    expect(bytes(full)).toBeLessThan(maxDataBytes);
    expect(bytes([...full, unchanged])).toBeGreaterThan(maxDataBytes);
  });

  test('leaves out the previous version in a dry run, too', () => {
    const updated: RowResult = {
      result: 'updated',
      _id,
      __v,
      channel: large,
      changed: ['name'],
      previous: large,
    };

    const { data } = toResponse(Array(50).fill(updated));

    expect(data[0]).toEqual({ index: 0, ...updated });
    expect(data[49]).toEqual({ index: 49, result: 'updated', _id, __v, changed: ['name'] });
  });

  test('leaves out the details of errors, too', () => {
    const details = Array.from({ length: 100 }, () => ({ path: '"'.repeat(256), message: 'is wrong' }));
    const error = invalidRequest('field', details as [(typeof details)[0]]);

    const { data } = toResponse(Array(100).fill({ result: 'failed', error }));

    const row = { result: 'failed', code: 'invalid_request', error: error.message };
    expect(data[0]).toEqual({ index: 0, ...row, details });
    expect(data[99]).toEqual({ index: 99, ...row });
  });
});
