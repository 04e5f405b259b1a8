import type { DynamoDBRecord } from 'aws-lambda';
import { readChange } from '../dynamodb/stream-record.ts';
import type { PutEntries } from './bus.ts';
import { type ChannelEvent, checkEvent } from './event-schema.ts';
import { publish } from './publish-with-retries.ts';
import { toEvent } from './to-event.ts';

/** The first record of a batch that is not published. Lambda has to deliver it again, with all later records. */
export interface UnpublishedRecord {
  index: number;
  cause: Error;
}

/** Replaces the messages of `JSON.parse`: they quote the text, and the content of channels must not get into logs. */
const withoutText = (error: unknown): Error =>
  error instanceof SyntaxError ? new Error('The item contains invalid JSON.') : (error as Error);

const readEvent = (record: DynamoDBRecord): ChannelEvent | undefined => {
  const event = toEvent(readChange(record));
  if (event) checkEvent(event);
  return event;
};

/** The events of a batch, up to the first record that cannot be read. */
const readEvents = (records: DynamoDBRecord[]) => {
  const events: { index: number; event: ChannelEvent }[] = [];
  for (const [index, record] of records.entries()) {
    try {
      const event = readEvent(record);
      if (event) events.push({ index, event });
    } catch (error) {
      return { events, unreadable: { index, cause: withoutText(error) } };
    }
  }
  return { events };
};

/**
 * Publishes the events of a batch of stream records, in order within each channel. Publishes nothing after a record that
 * cannot be read, because Lambda delivers these records again.
 * @returns the first record that is not published, or undefined if all are
 */
export const publishBatch = async (
  records: DynamoDBRecord[],
  put: PutEntries,
  signal: AbortSignal,
): Promise<UnpublishedRecord | undefined> => {
  const { events, unreadable } = readEvents(records);
  const failed = await publish(
    put,
    events.map(({ event }) => event),
    signal,
  );
  const [first] = [...failed].sort(([one], [other]) => one - other);
  if (!first) return unreadable;
  const [position, reason] = first;
  return { index: (events[position] as { index: number }).index, cause: new Error(reason) };
};
