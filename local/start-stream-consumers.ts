import type { StreamConsumer } from '../lib/manifest/stream-consumers.ts';
import { loadHandler } from './load-functions.ts';
import type { StreamHandler } from './stream-function.ts';
import { type StreamMapping, type StreamMappingOptions, startStreamMapping } from './stream-mapping.ts';

export interface RunningStreamConsumers {
  /** Keyed by the name of the consumer. */
  mappings: Record<string, StreamMapping>;
  stop(): Promise<void>;
}

/**
 * Loads the stream consumers, one after the other, and starts to deliver records to them. A function reads its
 * environment when it is loaded, so the environment must be complete before.
 * @throws Error if a function's file exports no `handler`. Nothing is left running then.
 */
export const startStreamConsumers = async (
  consumers: readonly StreamConsumer[],
  options: Omit<StreamMappingOptions, 'consumer' | 'handler'>,
): Promise<RunningStreamConsumers> => {
  const mappings: Record<string, StreamMapping> = {};
  const stop = async () => {
    await Promise.all(Object.values(mappings).map((mapping) => mapping.stop()));
  };
  try {
    for (const consumer of consumers) {
      const handler = await loadHandler<StreamHandler>(consumer.handler);
      mappings[consumer.name] = await startStreamMapping({ ...options, consumer, handler });
    }
    return { mappings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
