import { describe, expect, test } from '@jest/globals';
import type { UpsertRow } from '../../client/index.ts';
import type { UpsertOptions } from '../../client/upsert.ts';
import { toUpsertBatches } from '../../client/upsert-batches.ts';
import { keyOfRow } from '../../lib/upsert/parse-row.ts';

const rowOf = (external_id: unknown, others: Partial<UpsertRow> = {}): UpsertRow => ({
  integration_meta: { external_id },
  ...others,
});
const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => rowOf(index));
const batchesOf = async (
  rows: Iterable<UpsertRow> | AsyncIterable<UpsertRow>,
  options: UpsertOptions = {},
) => {
  const batches: UpsertRow[][] = [];
  for await (const batch of toUpsertBatches(rows, options)) batches.push(batch);
  return batches;
};

describe('batches of rows', () => {
  test('hold at most 100 rows, and all rows in their order', async () => {
    const rows = rowsOf(201);
    const batches = await batchesOf(rows);
    expect(batches.map(({ length }) => length)).toEqual([100, 100, 1]);
    expect(batches.flat()).toEqual(rows);
    expect(await batchesOf(rowsOf(100))).toHaveLength(1);
    expect(await batchesOf([])).toEqual([]);
  });

  test('fill the body of a request up to 2 MiB, in bytes of UTF-8, and never more', async () => {
    const options = { dryRun: true, where: { 'integration_meta.source': 'sap' } };
    const bytesOf = (channels: UpsertRow[]) =>
      Buffer.byteLength(JSON.stringify({ dry_run: true, where: options.where, channels }));
    const limit = 2 * 1024 * 1024;
    const half = rowOf(1, { name: 'ق'.repeat(512 * 1024) });
    const fill = (bytes: number) =>
      rowOf(2, { name: 'x'.repeat(limit - bytesOf([half, rowOf(2, { name: '' })]) + bytes) });

    expect(bytesOf([half, fill(0)])).toBe(limit);
    // Only the numbers of rows: a message with these names would be too long to read.
    const sizesOf = async (rows: UpsertRow[]) => (await batchesOf(rows, options)).map(({ length }) => length);
    expect(await sizesOf([half, fill(0)])).toEqual([2]);
    expect(await sizesOf([half, fill(1)])).toEqual([1, 1]);
  });

  test('hold a row alone that is larger than a request may be', async () => {
    const large = rowOf(1, { name: 'x'.repeat(3 * 1024 * 1024) });
    const sizes = (await batchesOf([large, rowOf(2), large])).map(({ length }) => length);
    expect(sizes).toEqual([1, 1, 1]);
  });

  test('never hold the same key twice, which is compared as text at the path of the match', async () => {
    const rows = [rowOf('1'), rowOf('2'), rowOf(1), rowOf('2'), rowOf('1')];
    expect(await batchesOf(rows)).toEqual([rows.slice(0, 2), rows.slice(2, 4), rows.slice(4)]);
    const byId = [1, 2, 1].map((id) => ({ integration_meta: { id, external_id: 'same' } }));
    expect(await batchesOf(byId, { match: 'integration_meta.id' })).toEqual([
      byId.slice(0, 2),
      byId.slice(2),
    ]);
  });

  test('hold rows without a valid key side by side, because each of them fails alone', async () => {
    const rows = [null, 5, {}, {}, rowOf(true), rowOf(true), rowOf(null), rowOf(null)] as UpsertRow[];
    expect(await batchesOf(rows)).toEqual([rows]);
  });

  test.each([
    '',
    ' \t',
    '\u200b\u2800',
    'null',
    'undefined',
    'nul',
    ' a',
    '\u200ba',
    0,
    -0,
    1e21,
    false,
  ])('separate two rows with %j as their key exactly if the service takes it for a key', async (value) => {
    const isKey = keyOfRow(rowOf(value), 'external_id') !== undefined;
    expect(await batchesOf([rowOf(value), rowOf(value)])).toHaveLength(isKey ? 2 : 1);
  });

  test('hold rows that cannot be written as JSON beside the others', async () => {
    const rows = [rowOf('a'), rowOf(1n), rowOf('b'), rowOf(1n)];
    expect(await batchesOf(rows)).toEqual([rows]);
  });

  test('take rows only when they are needed, and close their source when nobody needs more', async () => {
    let taken = 0;
    let isClosed = false;
    async function* source() {
      try {
        for (;;) yield rowOf(taken++);
      } finally {
        isClosed = true;
      }
    }

    for await (const batch of toUpsertBatches(source(), {})) {
      expect(batch).toHaveLength(100);
      expect(taken).toBe(101);
      break;
    }

    expect(isClosed).toBe(true);
  });
});
