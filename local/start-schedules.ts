import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import type { Schedule } from '../lib/manifest/schedules.ts';
import { contextOf } from './function-context.ts';
import { loadHandler } from './load-functions.ts';

type ScheduledHandler = (event: object, context: Context) => Promise<unknown>;

export interface RunningSchedules {
  /** Starts no more runs, and waits for those in flight. */
  stop(): Promise<void>;
}

/**
 * Runs each scheduled function every `everyMinutes`. A failed run prints one line, and the function runs again at its
 * next time.
 * @throws Error if a function's file exports no `handler`.
 */
export const startSchedules = async (schedules: readonly Schedule[]): Promise<RunningSchedules> => {
  const timers: NodeJS.Timeout[] = [];
  const running = new Set<Promise<void>>();
  for (const { name, handler, timeoutSeconds, everyMinutes } of schedules) {
    const invoke = await loadHandler<ScheduledHandler>(handler);
    const run = () => {
      const ended = invoke({}, contextOf(name, randomUUID(), timeoutSeconds * 1000))
        .then(() => undefined)
        .catch((error) => console.error(`${name}: ${(error as Error).message}`))
        .finally(() => running.delete(ended));
      running.add(ended);
    };
    timers.push(setInterval(run, everyMinutes * 60_000));
  }
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
    },
  };
};
