import { readError } from './channels-error.ts';
import { pause } from './pause.ts';

const maxAttempts = 3;

/** A request that gets one of these, or no response, may have been carried out. The gateway has the first and the last. */
const uncertainStatuses = [502, 503, 504];

/**
 * Sends a request until it succeeds, at most three times. After a 429 it is always sent again, because a throttled request
 * was not carried out. After a 502, 503 or 504, or without a response, it may have been carried out, so it is sent again
 * only if it `isRepeatable`. Before each retry this waits for 1 to 2 times `retry-after`, or 1 to 2 seconds.
 * @throws ChannelsError for an error response; otherwise the error of `send`, or the signal's reason
 */
export const sendWithRetries = async (
  send: () => Promise<Response>,
  isRepeatable: boolean,
  signal: AbortSignal | undefined,
): Promise<Response> => {
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === maxAttempts;
    const response = await send().catch((error: unknown) => {
      if (isLast || !isRepeatable || signal?.aborted) throw error;
    });
    if (response?.ok || response?.status === 304) return response;
    const error = response && (await readError(response));
    const isRetryable =
      !error || error.status === 429 || (isRepeatable && uncertainStatuses.includes(error.status));
    if (error && (isLast || !isRetryable)) throw error;
    await pause(error?.retryAfter ?? 1, signal);
  }
};
