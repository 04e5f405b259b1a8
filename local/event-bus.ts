import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { BuiltInRoute } from './gateway-routes.ts';

/** An event in the form in which EventBridge sends it to the target of a rule. */
export interface BusEvent {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  // biome-ignore lint/suspicious/noExplicitAny: the publisher decides what the detail contains
  detail: any;
}

export interface EventBus {
  port: number;
  /** The URL that accepts PutEvents. */
  endpoint: string;
  /** The last 1,000 events, oldest first. */
  events: readonly BusEvent[];
  stop(): Promise<void>;
}

export interface EventBusOptions {
  /** The only bus. Entries for another bus are refused. */
  name: string;
  /** Called with each accepted event. */
  onEvent?: (event: BusEvent) => void;
}

interface Entry {
  EventBusName?: string;
  Source?: string;
  DetailType?: string;
  Detail?: string;
  /** Seconds since the epoch. */
  Time?: number;
  Resources?: string[];
}

type Result = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

const maxKeptEvents = 1_000;
const maxEntries = 10;
const maxBytes = 256 * 1024;

/** The bytes of an entry, counted as in the EventBridge User Guide, "Calculating PutEvents event entry size". */
const sizeOf = ({ Source = '', DetailType = '', Detail = '', Time, Resources = [] }: Entry): number =>
  [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text), 0) +
  (Time === undefined ? 0 : 14);

const isJsonObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

const findEntryError = (entry: Entry, busName: string): [code: string, message: string] | undefined => {
  for (const name of ['Source', 'DetailType', 'Detail'] as const)
    if (!entry[name]) return ['InvalidArgument', `Parameter ${name} is not valid. Reason: it is missing.`];
  if (!isJsonObject(entry.Detail as string)) return ['MalformedDetail', 'Detail is malformed.'];
  if (entry.EventBusName !== busName)
    return ['InvalidArgument', `There is no event bus ${JSON.stringify(entry.EventBusName)}.`];
  return undefined;
};

/** `GET /_local/events` returns the published events. */
export const eventsRoute = ({ events }: EventBus): BuiltInRoute => ({
  method: 'GET',
  path: '/_local/events',
  respond: () => ({
    status: 200,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify({ data: events })),
  }),
});

/** The reason to refuse a whole request, or undefined. */
const findRequestError = (target: unknown, entries: Entry[]): string | undefined => {
  if (target !== 'AWSEvents.PutEvents') return `${target} is not served here.`;
  if (!entries.length || entries.length > maxEntries) return `There may be 1 to ${maxEntries} entries.`;
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  return bytes > maxBytes ? `Total size of the entries in the request is over the limit.` : undefined;
};

/**
 * Starts a stand-in for EventBridge on a free port of 127.0.0.1, so that the functions publish with the real SDK
 * client. It has one bus and no rules. It supports only PutEvents, with its limits of 10 entries and 256 KB.
 */
export const startEventBus = async ({ name, onEvent }: EventBusOptions): Promise<EventBus> => {
  const events: BusEvent[] = [];

  const accept = (entry: Entry): Result => {
    const entryError = findEntryError(entry, name);
    if (entryError) return { ErrorCode: entryError[0], ErrorMessage: entryError[1] };
    const event: BusEvent = {
      version: '0',
      id: randomUUID(),
      'detail-type': entry.DetailType as string,
      source: entry.Source as string,
      account: '000000000000',
      time: `${new Date((entry.Time ?? Date.now() / 1000) * 1000).toISOString().slice(0, 19)}Z`,
      region: 'us-east-1',
      resources: entry.Resources ?? [],
      detail: JSON.parse(entry.Detail as string),
    };
    events.push(event);
    if (events.length > maxKeptEvents) events.shift();
    onEvent?.(event);
    return { EventId: event.id };
  };

  const handle = async (request: IncomingMessage): Promise<[status: number, body: object]> => {
    const { Entries = [] } = JSON.parse((await buffer(request)).toString()) as { Entries?: Entry[] };
    const requestError = findRequestError(request.headers['x-amz-target'], Entries);
    if (requestError !== undefined) return [400, { __type: 'ValidationException', message: requestError }];
    const results = Entries.map(accept);
    const FailedEntryCount = results.filter((result) => 'ErrorCode' in result).length;
    return [200, { FailedEntryCount, Entries: results }];
  };

  const server = createServer((request, response) => {
    handle(request)
      .catch((error: Error): [number, object] => [
        400,
        { __type: 'SerializationException', message: error.message },
      ])
      .then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(body));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    endpoint: `http://127.0.0.1:${port}`,
    events,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
