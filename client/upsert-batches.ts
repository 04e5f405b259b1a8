import type { UpsertRow } from './types.ts';
import { defaultMatch, toUpsertBody, type UpsertOptions } from './upsert.ts';

// The limits of one request. The README of the service has them.
const maxRows = 100;
const maxBytes = 2 * 1024 * 1024;

const encoder = new TextEncoder();
const bytesOf = (value: unknown) => encoder.encode(JSON.stringify(value)).byteLength;

/** The key of a row as the service compares it: as text. Undefined if the row has no valid key. */
const keyOf = (row: UpsertRow, match: string): string | undefined => {
  const value = row?.integration_meta?.[match.replace('integration_meta.', '')];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};

/**
 * Cuts rows into batches. Each batch fits into one request: at most 100 rows and 2 MiB. A row whose key is in the batch
 * already begins the next one, because the service refuses the same key twice in one request. Holds one batch in memory.
 * A row that is too large for any request is a batch of its own.
 */
export async function* toUpsertBatches(
  rows: Iterable<UpsertRow> | AsyncIterable<UpsertRow>,
  options: UpsertOptions,
): AsyncGenerator<UpsertRow[], void, undefined> {
  // The first row has no comma before it.
  const emptyBytes = bytesOf(toUpsertBody([], options)) - 1;
  let batch: UpsertRow[] = [];
  let bytes = emptyBytes;
  const keys = new Set<string>();
  for await (const row of rows) {
    const key = keyOf(row, options.match ?? defaultMatch);
    const bytesWithComma = bytesOf(row) + 1;
    const isRepeated = key !== undefined && keys.has(key);
    if (batch.length && (batch.length === maxRows || bytes + bytesWithComma > maxBytes || isRepeated)) {
      yield batch;
      batch = [];
      bytes = emptyBytes;
      keys.clear();
    }
    batch.push(row);
    bytes += bytesWithComma;
    if (key !== undefined) keys.add(key);
  }
  if (batch.length) yield batch;
}
