import type { DynamoDBRecord } from 'aws-lambda';
import { readChange } from '../dynamodb/stream-record.ts';
import type { PutEntries } from './bus.ts';
import { publish } from './publish.ts';
import { type ChannelEvent, checkEvent } from './schema.ts';
import { toEvent } from './to-event.ts';

/** The first record of a batch that has to be delivered again, with all that comes after it. */
export interface UnpublishedRecord {
  index: number;
  cause: Error;
}

/** JSON's own messages quote the text, and what is in a channel must not get into logs. */
const withoutText = (error: unknown): Error =>
  error instanceof SyntaxError ? new Error('The item holds JSON that is none.') : (error as Error);

const read = (record: DynamoDBRecord): ChannelEvent | undefined => {
  const event = toEvent(readChange(record));
  if (event) checkEvent(event);
  return event;
};

/** The events of a batch, up to the first record that can't be read. */
const readAll = (records: DynamoDBRecord[]) => {
  const events: { place: number; event: ChannelEvent }[] = [];
  for (const [index, record] of records.entries()) {
    try {
      const event = read(record);
      if (event) events.push({ place: index, event });
    } catch (error) {
      return { events, unreadable: { place: index, cause: withoutText(error) } };
    }
  }
  return { events };
};

/**
 * Publishes the events of a batch of records, in order within each channel. Nothing that comes after a record that
 * can't be read is published, since Lambda delivers all of it again.
 * @returns nothing where all is done
 */
export const publishBatch = async (
  records: DynamoDBRecord[],
  put: PutEntries,
  signal: AbortSignal,
): Promise<UnpublishedRecord | undefined> => {
  const { events, unreadable } = readAll(records);
  const failed = await publish(
    put,
    events.map(({ event }) => event),
    signal,
  );
  const [first] = [...failed].sort(([one], [other]) => one - other);
  if (!first) return unreadable;
  const [number, why] = first;
  return { index: (events[number] as { place: number }).place, cause: new Error(why) };
};
