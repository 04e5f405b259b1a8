import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits until an expectation holds.
 * @throws what the expectation threw last, after 20 seconds
 */
export const eventually = async (expectation: () => unknown, patience = 20_000): Promise<void> => {
  const deadline = Date.now() + patience;
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
