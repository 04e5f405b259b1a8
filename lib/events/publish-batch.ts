import type { PutEntries } from './bus.ts';
import { publish } from './publish-with-retries.ts';
import type { EventOfRecord, FailedRecord } from './read-events.ts';

/**
 * Publishes the events of a batch of stream records, in order within each channel.
 * @returns the first record whose event is not published, or undefined if all are
 */
export const publishBatch = async (
  events: EventOfRecord[],
  put: PutEntries,
  signal: AbortSignal,
): Promise<FailedRecord | undefined> => {
  const failed = await publish(
    put,
    events.map(({ event }) => event),
    signal,
  );
  const [first] = [...failed].sort(([one], [other]) => one - other);
  if (!first) return undefined;
  const [position, reason] = first;
  return { index: (events[position] as EventOfRecord).index, cause: new Error(reason) };
};
