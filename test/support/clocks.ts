import { AsyncLocalStorage } from 'node:async_hooks';

const clock = new AsyncLocalStorage<() => number>();

/** Runs a function whose `Date.now()` is another clock, also after it has waited. It needs `useClocks`. */
export const withClock = <Result>(now: () => number, run: () => Promise<Result>): Promise<Result> =>
  clock.run(now, run);

/** Lets `withClock` replace the clock while a function runs. Everybody else keeps the clock of the machine. */
export const useClocks = async <Result>(run: () => Promise<Result>): Promise<Result> => {
  const machine = Date.now;
  Date.now = () => (clock.getStore() ?? machine)();
  try {
    return await run();
  } finally {
    Date.now = machine;
  }
};
