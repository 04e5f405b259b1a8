import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from './loopback.ts';

export interface EventBusFaultProxy {
  endpoint: string;
  /** Whether the bus rejects an event, chosen by its detail. Tests replace it. */
  // biome-ignore lint/suspicious/noExplicitAny: the detail of any event
  rejects: (detail: any) => boolean;
  /** How many events were rejected so far. */
  rejectedCount: number;
  /** Called for each call after the bus has accepted its events, and before the response. Tests replace it. */
  onAccepted: () => void;
  close(): void;
}

const throttled = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' };

/** A proxy in front of an event bus that rejects events on demand, and forwards the others. */
export const startEventBusFaultProxy = async (bus: { endpoint: string }): Promise<EventBusFaultProxy> => {
  const proxy: EventBusFaultProxy = {
    endpoint: '',
    rejects: () => false,
    rejectedCount: 0,
    onAccepted: () => {},
    close: () => {},
  };
  const forward = async (headers: Record<string, string>, body: string): Promise<object> => {
    const entries: { Detail: string }[] = JSON.parse(body).Entries;
    const forwarded = entries.filter(({ Detail }) => !proxy.rejects(JSON.parse(Detail)));
    proxy.rejectedCount += entries.length - forwarded.length;
    if (!forwarded.length) return { FailedEntryCount: entries.length, Entries: entries.map(() => throttled) };
    const reply = await fetch(bus.endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify({ Entries: forwarded }),
    });
    proxy.onAccepted();
    const { Entries: results } = (await reply.json()) as { Entries: object[] };
    return {
      FailedEntryCount: entries.length - forwarded.length,
      Entries: entries.map((entry) => results[forwarded.indexOf(entry)] ?? throttled),
    };
  };
  const server = createServer(async (request, response) => {
    const headers = { 'x-amz-target': String(request.headers['x-amz-target']) };
    const body = (await buffer(request)).toString();
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(await forward(headers, body)));
  });
  return Object.assign(proxy, await listenOnLoopback(server));
};
