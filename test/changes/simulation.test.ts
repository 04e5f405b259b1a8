import { describe, expect, test } from '@jest/globals';
import { type Fault, faults } from './simulation/faults.ts';
import { type LoadedSystem, loadSystem } from './simulation/load-system.ts';
import { mutants } from './simulation/mutants.ts';
import { simulate } from './simulation/simulate.ts';

/**
 * Each seed is one simulation: 8 writers, the stream with its sequencers, and 4 readers, for up to a year. A failure names its
 * seed. `CHANGES_SEED=7 CHANGES_RUNS=1 npm test -- test/changes/simulation` repeats it.
 */
const firstSeed = Number(process.env.CHANGES_SEED ?? 1);
const runs = Number(process.env.CHANGES_RUNS ?? 1_000);

/** The code without a guard must fail within so many simulations. */
const maxSeeds = 400;

const findFailure = async (loaded: LoadedSystem, options = {}): Promise<string | undefined> => {
  for (let seed = 1; seed <= maxSeeds; seed++) {
    const { failure } = await simulate(loaded, seed, options);
    if (failure !== undefined) return `seed ${seed}: ${failure}`;
  }
  return undefined;
};

describe('while everything fails that can fail', () => {
  test('each channel of a copy is always a state that it had and never goes back, and in the end the copies equal the table', async () => {
    const loaded = await loadSystem();
    const failures: string[] = [];
    const happened = new Map<Fault, number>();
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
      const outcome = await simulate(loaded, seed);
      if (outcome.failure !== undefined) failures.push(`seed ${seed}: ${outcome.failure}`);
      for (const [fault, count] of outcome.happened) happened.set(fault, (happened.get(fault) ?? 0) + count);
    }

    expect(failures).toEqual([]);
    // One simulation does not cause everything.
    if (runs >= 100) expect([...happened.keys()].sort()).toEqual([...faults].sort());
  });

  test('a seed repeats a simulation', async () => {
    const loaded = await loadSystem();

    const [first, second] = [await simulate(loaded, firstSeed), await simulate(loaded, firstSeed)];

    expect(second).toEqual(first);
  });
});

describe('a simulation fails without', () => {
  test.each(mutants)('$without', async ({ replacements }) => {
    expect(await findFailure(await loadSystem(replacements))).toEqual(expect.stringMatching(/^seed /));
  });

  test('the rule of DynamoDB that the stream begins to show a transaction when it is complete', async () => {
    expect(await findFailure(await loadSystem(), { isStreamEarly: true })).toEqual(
      expect.stringMatching(/^seed /),
    );
  });
});
