import { expect, it } from '@jest/globals';
import { runStorm } from '../support/storm.ts';
import { useService } from '../support/use-service.ts';

/**
 * `STORM_SEED=7 STORM_CHANGES=2000 npm test -- test/events/storm` repeats the test with the same random numbers, and makes
 * more changes.
 */
const seed = Number(process.env.STORM_SEED ?? Math.floor(Math.random() * 2 ** 31));
const changes = Number(process.env.STORM_CHANGES ?? 250);

const service = useService();

it(`after any faults (seed ${seed}) a consumer's copy equals the table, and only the poisonous record is a dead letter`, async () => {
  const storm = await runStorm({ service, name: 'storm', seed, changes, maxDeliveries: 10, kills: 6 });

  expect(storm).toMatchObject({
    lost: [],
    unexplained: [],
    overtaken: [],
    wrongLetters: [],
    wrongCopies: [],
    wrongHistories: [],
  });
  expect(storm.letters).toBeGreaterThan(0);
  expect(storm.kills).toBe(6);
  expect(storm.rejected).toBeGreaterThan(storm.events / 10);
}, 600_000);
