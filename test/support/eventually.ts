import { setTimeout as pause } from 'node:timers/promises';

/**
 * Repeats an expectation until it holds.
 * @throws the last error of the expectation, once the time is up
 */
export const eventually = async (expectation: () => unknown, timeoutMs = 120_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(20);
    }
  }
};
