import type { Consumer } from '../lib/consumers.ts';
import type { StreamHandler } from './stream-function.ts';
import { type StreamMapping, type StreamMappingOptions, startStreamMapping } from './stream-mapping.ts';

export interface RunningConsumers {
  /** By the consumers' names. */
  mappings: Record<string, StreamMapping>;
  stop(): Promise<void>;
}

/**
 * Loads the functions on the stream, one after the other, and starts to feed them. They read their environment while
 * they load, so that has to be complete before.
 * @throws Error where a function's file exports no `handler`; nothing is left running.
 */
export const startConsumers = async (
  consumers: readonly Consumer[],
  options: Omit<StreamMappingOptions, 'consumer' | 'handler'>,
): Promise<RunningConsumers> => {
  const mappings: Record<string, StreamMapping> = {};
  const stop = async () => {
    await Promise.all(Object.values(mappings).map((mapping) => mapping.stop()));
  };
  try {
    for (const consumer of consumers) {
      const module: { handler?: StreamHandler } = await import(`../${consumer.handler}`);
      const { handler } = module;
      if (typeof handler !== 'function') throw new Error(`${consumer.handler} exports no handler`);
      mappings[consumer.name] = await startStreamMapping({ ...options, consumer, handler });
    }
    return { mappings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
