import { startStreamMapping } from '../../local/stream-mapping.ts';
import { publisher } from '../support/collect-records.ts';
import { PublisherProcess } from '../support/publisher-process.ts';
import type { Random } from '../support/random.ts';
import type { Service } from '../support/service.ts';

export interface UnreliablePublisher {
  /** Holds all batches back from now on. */
  pause(): void;
  /** Delivers them from now on. */
  resume(): void;
  kills(): number;
  /** How many batches a second process got too, at the same time. */
  doubled(): number;
  deadLetters(): number;
  /** Waits for an invocation in flight. */
  stop(): Promise<void>;
}

/**
 * Starts the publisher in a process of its own, as it is deployed. At random, it is killed in the middle of a batch, and a
 * second process gets the same batch at once, as after a timeout that Lambda noticed late.
 */
export const startUnreliablePublisher = async (
  { channels }: Service,
  random: Random,
): Promise<UnreliablePublisher> => {
  const process = new PublisherProcess({});
  const second = new PublisherProcess({});
  let inSecond: Promise<unknown> | undefined;
  let doubled = 0;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const mapping = await startStreamMapping({
    consumer: {
      ...publisher,
      // Batches are small, so that there are many of them. A pause may take long.
      timeoutSeconds: 600,
      mapping: { ...publisher.mapping, startingPosition: 'LATEST', batchSize: 10 },
    },
    handler: async ({ Records }) => {
      await gate.promise;
      if (!inSecond && random.next() < 0.4) {
        doubled++;
        inSecond = second
          .invoke(Records)
          .catch(() => undefined)
          .finally(() => {
            inSecond = undefined;
          });
      }
      const invoked = process.invoke(Records);
      if (random.next() < 0.2) setTimeout(() => process.kill(), random.below(40));
      return invoked;
    },
    tableName: channels.name,
    report: () => undefined,
  });
  return {
    pause: () => {
      gate = Promise.withResolvers<void>();
    },
    resume: () => gate.resolve(),
    kills: () => process.kills,
    doubled: () => doubled,
    deadLetters: () => mapping.deadLetters.length,
    stop: async () => {
      await mapping.stop();
      await inSecond;
      process.stop();
      second.stop();
    },
  };
};
