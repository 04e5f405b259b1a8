import type { RowResult, UpsertOptions } from '../../upsert.ts';

/** The service names a parameter of its API if a row fails with `outside_where`. This names the option of the command. */
export const explainFailure = <Result extends RowResult>(
  result: Result,
  { where = {} }: UpsertOptions,
): Result => {
  if (result.code !== 'outside_where') return result;
  const [[path, value] = []] = Object.entries(where);
  return {
    ...result,
    error: `The channel with this key has another value at ${path} than ${JSON.stringify(value)}, or none. A sync changes only channels that --where selects.`,
  };
};
