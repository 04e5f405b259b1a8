/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { DynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { createRewritingProxy } from '../support/rewriting-proxy.ts';
import { useService } from '../support/use-service.ts';
import { runRestores } from './restores.ts';
import { runUpserts } from './upserts.ts';

// The short form of two rows of `npm run test:faults`, and the proof that they can fail.

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
const race = { clients: 12, keys: 60, maxRows: 24, requests: 80 };

// Each request that fails writes a line to the log.
beforeAll(() => {
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterAll(() => {
  jest.restoreAllMocks();
});

test('if 12 clients upsert the same 60 keys of two namespaces at once while calls fail, no key gets two channels, and every row is true', async () => {
  const result = await runUpserts({ service, proxy: faults, seed, ...race });

  expect(result).toMatchObject({ duplicates: [], wrongAnswers: [], contradictions: [] });
  for (const kind of ['created', 'updated', 'unchanged', 'deleted', 'absent', 'unknown'])
    expect(result.rows).toHaveProperty(kind, expect.any(Number));
  for (const write of ['upsert', 'upsert by id', 'upsert of namespaces'])
    expect(result.done).toHaveProperty(write, expect.any(Number));
  // Each kind of the other writes is rare here. `npm run test:faults` makes many of each.
  const others = Object.entries(result.done).filter(([write]) => !write.startsWith('upsert'));
  expect(others.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(5);
  expect(result.faults).toBeGreaterThan(20);
});

test('if restores race against other writes while calls fail, no key gets two channels, and every answer is true', async () => {
  const result = await runRestores({ service, proxy: faults, seed, rounds: 24 });

  expect(result).toMatchObject({ duplicates: [], wrongAnswers: [], contradictions: [] });
  for (const answer of ['done', 'refused', 'unknown'])
    expect(result.restores).toHaveProperty(answer, expect.any(Number));
  expect(result.faults).toBeGreaterThan(20);
});

/** Takes the condition that nobody carries the key out of all writes. */
const allowCarriers = () => {
  conditions.rewriteRequest = (_, request) =>
    JSON.parse(
      JSON.stringify(request).replaceAll(
        'attribute_not_exists(n) OR n = :zero',
        'attribute_not_exists(n) OR n >= :zero',
      ),
    );
};

test('without the condition that nobody carries the key, the check of restores finds keys with two channels', async () => {
  allowCarriers();

  const result = await runRestores({
    service,
    proxy: faults,
    seed: seed + 1,
    rounds: 8,
    eventsTimeoutMs: 1_000,
  });

  expect(result.duplicates).not.toEqual([]);
});

test('without the condition that nobody carries the key, the check finds keys with two channels', async () => {
  allowCarriers();

  const result = await runUpserts({
    service,
    proxy: faults,
    seed: seed + 1,
    ...race,
    requests: 30,
    eventsTimeoutMs: 1_000,
  });

  expect(result.duplicates).not.toEqual([]);
});
