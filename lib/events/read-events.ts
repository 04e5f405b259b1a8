import type { DynamoDBRecord } from 'aws-lambda';
import { type Change, readChange } from '../dynamodb/stream-record.ts';
import { type ChannelEvent, checkEvent } from './event-schema.ts';
import { toEvent } from './to-event.ts';

/** A record for which nothing could be done. Lambda has to deliver it again, with all later records. */
export interface FailedRecord {
  /** The index of the record in its batch. */
  index: number;
  cause: Error;
}

/** The event of a record. */
export interface EventOfRecord {
  /** The index of the record in its batch. */
  index: number;
  change: Change;
  event: ChannelEvent;
}

/** Replaces the messages of `JSON.parse`: they quote the text, and the content of channels must not get into logs. */
const withoutText = (error: unknown): Error =>
  error instanceof SyntaxError ? new Error('The item contains invalid JSON.') : (error as Error);

/**
 * Reads the events of a batch of stream records, up to the first record that cannot be read, because Lambda delivers that one
 * and all later ones again.
 */
export const readEvents = (
  records: DynamoDBRecord[],
): { events: EventOfRecord[]; unreadable?: FailedRecord } => {
  const events: EventOfRecord[] = [];
  for (const [index, record] of records.entries()) {
    try {
      const change = readChange(record);
      const event = toEvent(change);
      if (!event) continue;
      checkEvent(event);
      events.push({ index, change, event });
    } catch (error) {
      return { events, unreadable: { index, cause: withoutText(error) } };
    }
  }
  return { events };
};
