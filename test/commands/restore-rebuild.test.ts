import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rebuildDerivedData } from '../../commands/restore/rebuild-derived-data.ts';
import { Throttled } from '../../lib/dynamodb/failures.ts';
import type { Table } from '../../lib/dynamodb/table.ts';

/** Tables of one namespace without channels. DynamoDB throttles the first queries. */
const throttledTables = (throttledQueries: number) => {
  let queries = 0;
  const table = {
    signal: new AbortController().signal,
    async *scan() {
      yield { pk: 'NS#acme', sk: '!count#0' };
    },
    query: async () => {
      if (queries++ < throttledQueries) throw new Throttled();
      return { items: [], lastKey: undefined, count: 0, units: 0 };
    },
    delete: async () => undefined,
  } as unknown as Table;
  return { channels: table, projections: table };
};

/** Each of the five steps of an attempt ends with its first query if that is throttled. */
const steps = 5;
let errors: jest.SpiedFunction<typeof console.error>;

beforeEach(() => {
  errors = jest.spyOn(console, 'error').mockReturnValue();
  jest.spyOn(console, 'log').mockReturnValue();
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('the rebuild of a namespace whose tables DynamoDB throttles', () => {
  it('succeeds if the fifth attempt does', async () => {
    await expect(rebuildDerivedData(throttledTables(4 * steps))).resolves.toBeUndefined();
    expect(errors).toHaveBeenCalledTimes(4 * steps);
  });

  it('is given up after five attempts', async () => {
    await expect(rebuildDerivedData(throttledTables(Number.POSITIVE_INFINITY))).rejects.toThrow(
      '"acme" could not be rebuilt. Run the command again.',
    );
    expect(errors).toHaveBeenCalledTimes(5 * steps);
  });
});
