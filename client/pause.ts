/**
 * Waits for 1 to 2 times so many seconds: clients that failed at the same moment do not come back at the same moment.
 * @throws the signal's reason
 */
export const pause = (seconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      },
      seconds * (1 + Math.random()) * 1_000,
    );
    signal?.addEventListener('abort', abort, { once: true });
  });
