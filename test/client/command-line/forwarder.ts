import { createServer, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { listenOnLoopback } from '../../support/loopback.ts';

export interface Forwarder {
  url: string;
  /** Resolves when no request is under way. The service works on a request also after its sender was killed. */
  idle(): Promise<void>;
  close(): void;
}

/** Starts a server between a command and the service, which knows the requests that are under way. */
export const startForwarder = async (target: string): Promise<Forwarder> => {
  let underWay = 0;
  const server = createServer((incoming, outgoing) => {
    underWay++;
    const { method, headers, url = '/' } = incoming;
    const forwarded = request(new URL(url, target), { method, headers });
    forwarded.once('close', () => underWay--);
    forwarded.once('error', () => outgoing.destroy());
    forwarded.once('response', (answer: IncomingMessage) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      // Nobody reads the answer if the sender was killed.
      if (outgoing.destroyed) answer.resume();
      outgoing.once('close', () => answer.resume());
    });
    incoming.pipe(forwarded);
    incoming.once('error', () => forwarded.destroy());
  });
  const { endpoint, close } = await listenOnLoopback(server);
  return {
    url: endpoint,
    async idle() {
      while (underWay) await pause(5);
    },
    close,
  };
};
