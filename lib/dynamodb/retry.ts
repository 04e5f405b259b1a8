import { setTimeout } from 'node:timers/promises';
import { Unavailable } from './failures.ts';

const maxAttempts = 7;
const firstPauseMs = 20;
const maxPauseMs = 500;

/** An attempt returns this value to be made again. */
export const again = Symbol('again');

/**
 * Makes an attempt up to 7 times, until it returns anything other than `again`. The first attempt runs at once. Each
 * other one waits for a random time from a range that doubles ("full jitter", AWS Architecture Blog, Exponential
 * Backoff And Jitter). All pauses together take half a second on average.
 * @param options.signal ends the pauses when the time of the request is over
 * @param options.exhausted gives the result, or throws, after the last attempt
 * @throws Unavailable if the time of the request runs out in a pause; any error of the attempt
 */
export const retry = async <Result>(
  attempt: () => Promise<Result | typeof again>,
  { signal, exhausted }: { signal: AbortSignal; exhausted: () => Result },
): Promise<Result> => {
  for (let made = 0; made < maxAttempts; made++) {
    if (made > 0) {
      const range = Math.min(maxPauseMs, firstPauseMs * 2 ** (made - 1));
      await setTimeout(Math.random() * range, undefined, { signal }).catch((cause) => {
        throw new Unavailable(cause);
      });
    }
    const result = await attempt();
    if (result !== again) return result;
  }
  return exhausted();
};
