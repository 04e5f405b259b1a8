import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';

/** An event as EventBridge takes it. */
export interface BusEntry {
  Source: string;
  DetailType: string;
  /** JSON. */
  Detail: string;
  Time: Date;
}

/** Takes at most 10 entries of 256 KB together, and tells of each why it was not taken, or nothing. */
export type PutEntries = (entries: BusEntry[], signal: AbortSignal) => Promise<(string | undefined)[]>;

/**
 * The one client of a process, for one event bus. The SDK knows no time limit of its own: a call that hangs is given up
 * after 3 s and tried again, two more times at most. What is taken rejects where a call fails as a whole.
 */
export const connectBus = (EventBusName: string): PutEntries => {
  const client = new EventBridgeClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  return async (entries, abortSignal) => {
    const command = new PutEventsCommand({ Entries: entries.map((entry) => ({ ...entry, EventBusName })) });
    const { Entries: results = [] } = await client.send(command, { abortSignal });
    return entries.map((_, index) => {
      const { EventId, ErrorCode, ErrorMessage } = results[index] ?? {};
      return EventId === undefined ? `${ErrorCode}: ${ErrorMessage}` : undefined;
    });
  };
};
