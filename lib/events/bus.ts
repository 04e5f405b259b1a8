import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';

/** An event in EventBridge's format. */
export interface BusEntry {
  Source: string;
  DetailType: string;
  /** JSON. */
  Detail: string;
  Time: Date;
}

/**
 * Puts entries on the bus: at most 10, of at most 256 KB together. Returns for each entry why it was rejected, or undefined.
 */
export type PutEntries = (entries: BusEntry[], signal: AbortSignal) => Promise<(string | undefined)[]>;

/**
 * Creates the client of a process for one event bus. A call times out after 3 s, because the SDK has no limit of its own;
 * the SDK makes at most three attempts.
 * @returns a function that rejects if a call fails as a whole
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
