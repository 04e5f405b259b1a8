import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../support/loopback.ts';

/**
 * Runs something while a relay passes its requests on to the server.
 * @param beforeRequest is called before each request is passed on. Requests count from 1
 * @returns the number of requests
 */
export const withRelay = async (
  url: string,
  beforeRequest: (method: string, number: number) => Promise<void>,
  run: (relayUrl: string) => Promise<void>,
): Promise<number> => {
  let number = 0;
  const server = createServer(async (call, reply) => {
    const { method = '' } = call;
    number += 1;
    await beforeRequest(method, number);
    const response = await fetch(url + call.url, {
      method,
      headers: { 'api-key': String(call.headers['api-key']), 'content-type': 'application/json' },
      ...(method === 'POST' && { body: await text(call) }),
    });
    reply.writeHead(response.status, { 'content-type': 'application/json' }).end(await response.text());
  });
  const { endpoint, close } = await listenOnLoopback(server);
  try {
    await run(endpoint);
    return number;
  } finally {
    close();
  }
};
