import { readError } from './channels-error.ts';

const mostTries = 3;

const pause = (seconds: number, signal: AbortSignal | undefined) =>
  new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, seconds * 1_000);
    signal?.addEventListener('abort', end, { once: true });
  });

/**
 * Sends a request until it is answered with a success, three times at most. One that was throttled (429) was not carried out and
 * is always sent again; where no answer came, or 503, it may have been, so that only one which `isRepeatable` is.
 * @throws ChannelsError, or what `send` rejects with
 */
export const persistently = async (
  send: () => Promise<Response>,
  isRepeatable: boolean,
  signal: AbortSignal | undefined,
): Promise<Response> => {
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === mostTries;
    const answer = await send().catch((error: unknown) => {
      if (isLast || !isRepeatable || signal?.aborted) throw error;
    });
    if (answer?.ok || answer?.status === 304) return answer;
    const error = answer && (await readError(answer));
    const isWorthwhile = !error || error.status === 429 || (isRepeatable && error.status === 503);
    if (error && (isLast || !isWorthwhile)) throw error;
    signal?.throwIfAborted();
    await pause((error?.retryAfter ?? 1) * (1 + Math.random()), signal);
  }
};
