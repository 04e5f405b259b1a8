import type { UpsertOptions } from '../../upsert.ts';
import type { UpsertedRow } from '../../upsert-all.ts';

/** The service names a parameter of its API if a row fails with `outside_where`. This names the option of the command. */
export const explainFailure = (result: UpsertedRow, { where = {} }: UpsertOptions): UpsertedRow => {
  if (result.code !== 'outside_where') return result;
  const [[path, value] = []] = Object.entries(where);
  return {
    ...result,
    error: `The channel with this key has another value at ${path} than ${JSON.stringify(value)}, or none. A sync changes only channels that --where selects.`,
  };
};
