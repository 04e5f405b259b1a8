import { setTimeout } from 'node:timers/promises';
import { ApiError } from '../errors.ts';

const most = 7;
const firstPause = 20;
const longestPause = 500;

/**
 * The tries that a contended write is given: the first at once, the others after a pause drawn evenly from a range that
 * doubles ("full jitter", AWS Architecture Blog, Exponential Backoff And Jitter). Ends after 7 tries, whose pauses
 * together take half a second on average.
 * @throws ApiError `unavailable` when the request's time runs out in a pause.
 */
export async function* attempts(signal: AbortSignal): AsyncGenerator<number> {
  for (let attempt = 0; attempt < most; attempt++) {
    if (attempt > 0) {
      const range = Math.min(longestPause, firstPause * 2 ** (attempt - 1));
      await setTimeout(Math.random() * range, undefined, { signal }).catch((cause) => {
        throw new ApiError('unavailable', 'The request took too long: try again in a moment.', { cause });
      });
    }
    yield attempt;
  }
}
