import type { UpsertRow } from './types.ts';
import type { RowResult, UpsertAnswer } from './upsert.ts';

/** Why JSON cannot express a row: it has a BigInt, for example, or contains itself. Undefined for all other rows. */
export const problemOfRow = (row: unknown): string | undefined => {
  try {
    JSON.stringify(row);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    const hint = reason?.includes('BigInt') ? ': send it as a string' : '';
    return `The row cannot be written as JSON: ${reason}${hint}.`;
  }
};

/** Sends the rows that can be written as JSON. Each other row fails alone, as any wrong row does. */
export const sendWritable = async (
  rows: UpsertRow[],
  send: (rows: UpsertRow[]) => Promise<UpsertAnswer>,
): Promise<UpsertAnswer> => {
  const problems = rows.map(problemOfRow);
  const writable = rows.filter((_, index) => problems[index] === undefined);
  if (writable.length === rows.length) return send(rows);
  const none = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 };
  const { data, summary } = writable.length ? await send(writable) : { data: [], summary: none };
  const results = data.values();
  return {
    data: problems.map((error, index) =>
      error === undefined
        ? { ...(results.next().value as RowResult), index }
        : { index, result: 'failed', code: 'invalid_request', error },
    ),
    summary: { ...summary, failed: summary.failed + rows.length - writable.length },
  };
};
