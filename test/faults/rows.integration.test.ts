/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { useService } from '../support/use-service.ts';
import { changeFeed } from './rows/change-feed.ts';
import { differentClocks } from './rows/different-clocks.ts';
import { killedWrites } from './rows/killed-writes.ts';
import { lostAndRefused } from './rows/lost-responses.ts';
import { outages } from './rows/outages.ts';

/** The short form of the rows that no other test covers. `npm run test:faults` runs all rows, with large numbers. */
const rows = [
  { ...killedWrites, count: 0 },
  { ...differentClocks, count: 100 },
  { ...lostAndRefused, count: 1 },
  { ...outages, count: 100 },
  { ...changeFeed, count: 200 },
];

const proxy = createFaultProxy();
const service = useService({ proxy });

// Each failed request writes a line to the log.
beforeAll(() => {
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterAll(() => {
  jest.restoreAllMocks();
});

test.each(rows)('if $fault, this holds: $promise', async ({ run, count }) => {
  const { text, holds, details = [] } = await run({ service, proxy, seed: 20_261_128, count });

  expect({ text, holds, details }).toEqual({ text, holds: true, details: [] });
});
