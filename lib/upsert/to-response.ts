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

const describeResult = (result: RowResult, index: number, describe: (error: Error) => RowProblem) => {
  if (result.result !== 'failed') return { index, ...result };
  const { code, message, details } = describe(result.error);
  return { index, result: result.result, code, error: message, ...(details && { details }) };
};

const largeFields = ['channel', 'previous', 'details'];

const withoutLargeFields = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([field]) => !largeFields.includes(field)));

/**
 * The body of the response to an upsert: a row for each result, and how many there are of each. Once the rows would exceed
 * 5 MiB, the channels of the remaining rows are left out, and the details of their errors.
 * @param describe tells the client what is wrong with a row
 */
export const toUpsertResponse = (results: RowResult[], describe: (error: Error) => RowProblem) => {
  let bytes = 0;
  const data = results.map((result, index) => {
    const row = describeResult(result, index, describe);
    bytes += encodedBytes(row);
    return bytes > maxDataBytes ? withoutLargeFields(row) : row;
  });
  return { data, summary: summaryOf(results) };
};
