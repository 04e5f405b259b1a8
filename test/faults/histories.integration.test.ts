/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { DynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { createRewritingProxy } from '../support/rewriting-proxy.ts';
import { useService } from '../support/use-service.ts';
import { runHistories } from './histories.ts';

// The short form of the first row of `npm run test:faults`, and the proof that it can fail.

const seed = 20_261_128;
const faults = createFaultProxy();
const conditions = createRewritingProxy();
/** The service speaks to the proxy that fails, which speaks to the one that rewrites conditions. */
const proxy: DynamoDbProxy = {
  start: async (target) => faults.start(await conditions.start(target)),
  close: () => {
    faults.close();
    conditions.close();
  },
};
const service = useService({ proxy });

// Each request that fails writes a line to the log.
beforeAll(() => {
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterAll(() => {
  jest.restoreAllMocks();
});

test('while calls fail in all ways, every answer, total, copy, search and event fits the operations', async () => {
  const result = await runHistories({ service, proxy: faults, seed, count: 400 });

  expect(result).toMatchObject({ unexpected: [], contradictions: [], evidence: [] });
  expect(result.faults).toBeGreaterThan(20);
});

test('without the condition on the version, the check finds wrong histories', async () => {
  conditions.rewriteRequest = (_, request) =>
    JSON.parse(JSON.stringify(request).replaceAll('"#v = :v"', '"#v >= :v"'));

  const result = await runHistories({
    service,
    proxy: faults,
    seed: seed + 1,
    count: 200,
    eventsTimeoutMs: 1_000,
  });

  expect(result.evidence).not.toEqual([]);
});
