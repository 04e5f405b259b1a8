import { ChannelsError, isTemporary } from './channels-error.ts';
import { pause } from './pause.ts';
import type { UpsertRow, UpsertSummary } from './types.ts';
import type { RowResult, UpsertAnswer } from './upsert.ts';

/** What became of one of many rows. `index` is its position among all of them. */
export interface UpsertedRow extends RowResult {
  row: UpsertRow;
}

/** How many rows are done, and how many of them have which result. */
export interface UpsertProgress extends UpsertSummary {
  rows: number;
}

/** The contract of the service says that a row that failed with one of these can be sent again. */
const transientCodes: (string | undefined)[] = ['conflict', 'too_many_requests', 'unavailable'];

/** Whether a row failed for a moment only. If it was sent several times, it may have been done. */
export const isTransient = ({ code }: { code?: string | undefined } = {}): boolean =>
  transientCodes.includes(code);
const maxAttempts = 5;

type Send = (rows: UpsertRow[]) => Promise<UpsertAnswer>;

/** Sends a batch once. A single row that no request can hold fails like any other wrong row. */
export const sendBatch = async (send: Send, batch: UpsertRow[]): Promise<RowResult[]> => {
  try {
    return (await send(batch)).data;
  } catch (error) {
    if (!(error instanceof ChannelsError && error.status === 413 && batch.length === 1)) throw error;
    return [{ index: 0, result: 'failed', code: 'payload_too_large', error: error.message }];
  }
};

/**
 * Sends a batch, and then those of its rows that failed for a moment only, or all of them if the request failed so. This
 * makes at most five attempts, each of up to three requests. Between them it waits for 1 to 2 seconds, and each time twice
 * as long.
 * @throws the error of the request, if it cannot succeed later, or after the last attempt
 */
const upsertBatch = async (
  send: Send,
  batch: UpsertRow[],
  signal: AbortSignal | undefined,
): Promise<RowResult[]> => {
  const results: RowResult[] = [];
  let left = [...batch.entries()];
  for (let attempt = 1; ; attempt++) {
    const rows = left.map(([, row]) => row);
    const answers = await sendBatch(send, rows).catch((error: unknown) => {
      if (attempt === maxAttempts || !isTemporary(error)) throw error;
    });
    if (answers) {
      for (const [position, [index]] of left.entries()) results[index] = answers[position] as RowResult;
      left = left.filter(([index]) => isTransient(results[index]));
    }
    if (!left.length || attempt === maxAttempts) return results;
    await pause(2 ** (attempt - 1), signal);
  }
};

/**
 * Sends batches one after the other: so a row applies after all earlier rows with its key. More requests at once would
 * hardly be faster, because the service works on several rows of a request at once.
 * @returns the results in the order of the rows
 */
export async function* upsertAll(
  send: Send,
  batches: AsyncIterable<UpsertRow[]>,
  {
    onProgress,
    signal,
  }: { onProgress?: ((progress: UpsertProgress) => void) | undefined; signal?: AbortSignal | undefined },
): AsyncGenerator<UpsertedRow, void, undefined> {
  const progress = { rows: 0, created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 };
  for await (const batch of batches) {
    const results = await upsertBatch(send, batch, signal);
    const start = progress.rows;
    progress.rows += batch.length;
    for (const { result } of results) progress[result]++;
    onProgress?.({ ...progress });
    for (const [position, row] of batch.entries())
      yield { ...(results[position] as RowResult), index: start + position, row };
  }
}
