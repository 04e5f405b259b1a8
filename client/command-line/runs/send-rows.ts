import { ChannelsError, isTemporary } from '../../channels-error.ts';
import type { UpsertRow } from '../../types.ts';
import { defaultMatch, type RowResult, type UpsertOptions } from '../../upsert.ts';
import { sendBatch } from '../../upsert-all.ts';
import { explainFailure } from './explain-failure.ts';
import { type Journal, toOutcome } from './journal.ts';
import { findOwnChanges } from './own-change.ts';
import type { Connection } from './own-version.ts';

/** A row of the file with its index. */
export interface Entry {
  index: number;
  row: UpsertRow;
}

/** How often rows are sent in all, if they fail for a moment only. */
const maxAttempts = 5;

/** Sends rows once. @returns their results, or the error if the same request can succeed later */
const sendOnce = async (
  { client, signal }: Connection,
  entries: Entry[],
  options: UpsertOptions,
): Promise<RowResult[] | Error> => {
  const send = (rows: UpsertRow[]) => client.upsert(rows, { ...options, signal, sendOnce: true });
  const rows = entries.map(({ row }) => row);
  try {
    return (await sendBatch(send, rows)).map((result) => explainFailure(result, options));
  } catch (error) {
    if (!isTemporary(error)) throw error;
    return error as Error;
  }
};

/** The rows that may have been done by a request with this answer. */
const uncertainOf = (entries: Entry[], answer: RowResult[] | Error): Entry[] => {
  if (!(answer instanceof Error))
    return entries.filter((_, position) => answer[position]?.code === 'unavailable');
  const isThrottled = answer instanceof ChannelsError && answer.status === 429;
  return isThrottled ? [] : entries;
};

/**
 * Sends rows that are in the journal, and writes down what became of them. Rows that failed for a moment only are sent again,
 * at most five times in all, unless the history tells that they are done: sent again, they would undo what others have changed since.
 * @throws the error of the last request
 */
export const sendRows = async (
  connection: Connection,
  journal: Journal,
  entries: Entry[],
  options: UpsertOptions,
): Promise<void> => {
  const isLeft = ({ index }: { index: number }) => !journal.outcomes.has(index);
  const uncertain = new Set<number>();
  for (let left = entries, attempt = 1; left.length; attempt++) {
    journal.send(left.map(({ index }) => index));
    const answer = await sendOnce(connection, left, options);
    for (const { index } of uncertainOf(left, answer)) uncertain.add(index);
    if (!(answer instanceof Error))
      journal.record(left.map(({ index }, position) => toOutcome(answer[position] as RowResult, index)));
    left = left.filter(isLeft);
    if (left.length && attempt === maxAttempts) {
      if (answer instanceof Error) throw answer;
      return;
    }
    if (left.length) await connection.pause(2 ** (attempt - 1));
    const toLookUp = journal.withoutOutcome.filter(({ index }) => uncertain.has(index));
    journal.record(await findOwnChanges(connection, journal, toLookUp, options.match ?? defaultMatch));
    left = left.filter(isLeft);
  }
};
