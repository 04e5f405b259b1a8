import type { StreamConsumer } from '../lib/manifest/stream-consumers.ts';
import { loadHandler } from './load-functions.ts';
import type { StreamHandler } from './stream-function.ts';
import { type StreamMapping, type StreamMappingOptions, startStreamMapping } from './stream-mapping.ts';

export interface RunningStreamConsumers {
  /** By the consumers' names. */
  mappings: Record<string, StreamMapping>;
  stop(): Promise<void>;
}

/**
 * Loads the functions on the stream, one after the other, and starts to feed them. They read their environment while
 * they load, so that has to be complete before.
 * @throws Error where a function's file exports no `handler`; nothing is left running.
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
