import type { ErrorDetail } from '../api-error.ts';
import { encodedBytes, maxDataBytes } from '../response-size.ts';
import type { RowResult } from './upsert-channels.ts';

/** The error of a row, as the client gets it. */
export interface RowProblem {
  code: string;
  message: string;
  details?: ErrorDetail[] | undefined;
}

const summaryOf = (results: RowResult[]) => {
  const summary = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 };
  for (const { result } of results) summary[result]++;
  return summary;
};

/**
 * The body of the response to an upsert: a row for each result, and how many there are of each. Once the rows would exceed
 * 5 MiB, the channels of the remaining rows are left out.
 * @param describe tells the client what is wrong with a row
 */
export const toUpsertResponse = (results: RowResult[], describe: (error: Error) => RowProblem) => {
  let bytes = 0;
  let isFull = false;
  const rows = results.map((result, index) => {
    if (result.result === 'failed') {
      const { code, message, details } = describe(result.error);
      return { index, result: result.result, code, error: message, ...(details && { details }) };
    }
    const row = { index, ...result };
    bytes += encodedBytes(row);
    isFull ||= bytes > maxDataBytes;
    if (!isFull) return row;
    const { channel, ...others } = row;
    if (!('previous' in others)) return others;
    const { previous, ...withoutChannels } = others;
    return withoutChannels;
  });
  return { data: rows, summary: summaryOf(results) };
};
