import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from './loopback.ts';

export interface EventBusFaultProxy {
  endpoint: string;
  /** Whether an entry is refused, by what its detail tells. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever is published
  rejects: (detail: any) => boolean;
  /** How many entries were refused. */
  rejectedCount: number;
  /** Is told of each call when its entries are taken, before it is answered. */
  onAccepted: () => void;
  close(): void;
}

const throttled = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' };

/** A line to an event bus on which entries are refused as told: the others go through. */
export const startEventBusFaultProxy = async (bus: { endpoint: string }): Promise<EventBusFaultProxy> => {
  const line: EventBusFaultProxy = {
    endpoint: '',
    rejects: () => false,
    rejectedCount: 0,
    onAccepted: () => {},
    close: () => {},
  };
  const answer = async (headers: Record<string, string>, body: string): Promise<object> => {
    const entries: { Detail: string }[] = JSON.parse(body).Entries;
    const passing = entries.filter(({ Detail }) => !line.rejects(JSON.parse(Detail)));
    line.rejectedCount += entries.length - passing.length;
    if (!passing.length) return { FailedEntryCount: entries.length, Entries: entries.map(() => throttled) };
    const reply = await fetch(bus.endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify({ Entries: passing }),
    });
    line.onAccepted();
    const { Entries: results } = (await reply.json()) as { Entries: object[] };
    return {
      FailedEntryCount: entries.length - passing.length,
      Entries: entries.map((entry) => results[passing.indexOf(entry)] ?? throttled),
    };
  };
  const server = createServer(async (request, response) => {
    const headers = { 'x-amz-target': String(request.headers['x-amz-target']) };
    const body = (await buffer(request)).toString();
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(await answer(headers, body)));
  });
  return Object.assign(line, await listenOnLoopback(server));
};
