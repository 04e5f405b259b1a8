import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from './loopback.ts';

export interface FaultyBus {
  endpoint: string;
  /** Whether an entry is refused, by what its detail tells. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever is published
  refuses: (detail: any) => boolean;
  /** How many entries were refused. */
  refused: number;
  /** Is told of each call when its entries are taken, before it is answered. */
  onTaken: () => void;
  close(): void;
}

const throttled = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' };

/** A line to an event bus on which entries are refused as told: the others go through. */
export const startFaultyBus = async (bus: { endpoint: string }): Promise<FaultyBus> => {
  const line: FaultyBus = {
    endpoint: '',
    refuses: () => false,
    refused: 0,
    onTaken: () => {},
    close: () => {},
  };
  const answer = async (headers: Record<string, string>, body: string): Promise<object> => {
    const entries: { Detail: string }[] = JSON.parse(body).Entries;
    const passing = entries.filter(({ Detail }) => !line.refuses(JSON.parse(Detail)));
    line.refused += entries.length - passing.length;
    if (!passing.length) return { FailedEntryCount: entries.length, Entries: entries.map(() => throttled) };
    const reply = await fetch(bus.endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify({ Entries: passing }),
    });
    line.onTaken();
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
