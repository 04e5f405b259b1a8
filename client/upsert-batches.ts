import type { UpsertRow } from './types.ts';
import { defaultMatch, toUpsertBody, type UpsertOptions } from './upsert.ts';
import { problemOfRow } from './writable-rows.ts';

// The limits of one request. The README of the service has them.
const maxRows = 100;
const maxBytes = 2 * 1024 * 1024;

const encoder = new TextEncoder();
/** An absent row is sent as null. */
const bytesOf = (value: unknown) => encoder.encode(JSON.stringify(value) ?? 'null').byteLength;

/** Texts that the service takes for a missing key: blank ones, and those of programs that have none. */
export const isNoKey = (text: string) =>
  /^[\s\u2800\p{Default_Ignorable_Code_Point}]*$/u.test(text) || text === 'null' || text === 'undefined';

/** The key of a row as the service compares it: as text. Undefined if the row has no valid key. */
const keyOf = (row: UpsertRow, match: string): string | undefined => {
  const value = row?.integration_meta?.[match.replace('integration_meta.', '')];
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value);
  return isNoKey(text) ? undefined : text;
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
    // A row that cannot be written as JSON is not sent.
    const bytesWithComma = problemOfRow(row) === undefined ? bytesOf(row) + 1 : 0;
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
