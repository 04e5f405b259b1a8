import { ApiError } from '../api-error.ts';
import type { Caller } from '../auth/authenticate.ts';
import { isTransient } from '../dynamodb/failures.ts';
import type { Table } from '../dynamodb/table.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { type RowKey, readHints } from './find-match.ts';
import { keyOfRow, parseRow, type Row, type RowContext } from './parse-row.ts';
import { RowError } from './row-error.ts';
import type { UpsertRequest } from './upsert-request.ts';
import { type RowSuccess, upsertRow } from './upsert-row.ts';

/** A row that failed alone. The error is an ApiError, a RowError, or a transient failure of the table. */
interface RowFailure {
  result: 'failed';
  error: Error;
}

export type RowResult = RowSuccess | RowFailure;

/** As many rows run at a time as the totals of a namespace have items, so that rows do not wait for each other. */
const concurrency = 8;

/** @throws the error if it is a fault of the service */
const toFailure = (error: unknown): RowFailure => {
  if (error instanceof ApiError || error instanceof RowError || isTransient(error))
    return { result: 'failed', error };
  throw error;
};

/** Parses the rows. Of several rows with one key, only the first is carried out, even if it is wrong. */
const parseRows = (rows: unknown[], context: RowContext): (Row | RowFailure)[] => {
  const known = new Set<string>();
  return rows.map((input) => {
    const key = keyOfRow(input, context.match);
    const isRepeated = key !== undefined && known.has(key);
    if (key !== undefined) known.add(key);
    try {
      const row = parseRow(input, context);
      if (isRepeated)
        throw new RowError('duplicate_in_request', 'An earlier row of this request has the same key.');
      return row;
    } catch (error) {
      return toFailure(error);
    }
  });
};

/**
 * Creates, changes and deletes up to 100 channels that are matched by an external key. Each row is done or not done, and
 * fails alone. Any number of upserts of one key can run at once: they make one channel.
 * @returns a result for each row, in their order
 * @throws Throttled and Unavailable, if not even the matches can be read: then nothing is done
 */
export const upsertChannels = async (
  table: Table,
  caller: Caller,
  { match, rows, dryRun, where }: UpsertRequest,
): Promise<RowResult[]> => {
  const parsed = parseRows(rows, { match, namespace: caller.namespace, where });
  const valid = parsed.filter((row) => 'kind' in row);
  const keyOf = ({ matchValue }: Row) => ({ path: match, matchValue });
  const deleted = new Set(valid.filter(({ kind }) => kind === 'delete').map(({ matchValue }) => matchValue));
  // Only a creation notices by itself that a channel is there. And a deletion must not overlook a second one.
  const needsProof = ({ matchValue }: RowKey, count: 0 | 1) =>
    deleted.has(matchValue) || (dryRun && count === 0);
  const hints = await readHints(table, caller, valid.map(keyOf), needsProof);
  const context = { table, caller, where, dryRun };
  return mapConcurrently(parsed, concurrency, async (row): Promise<RowResult> => {
    if (!('kind' in row)) return row;
    try {
      return await upsertRow(context, row, keyOf(row), hints.get(row.matchValue));
    } catch (error) {
      return toFailure(error);
    }
  });
};
