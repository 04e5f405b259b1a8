import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from './loopback.ts';

/** A reverse proxy that serves the service under a path prefix, as a company's gateway does. */
export const startPrefixProxy = (prefix: string, target: string) =>
  listenOnLoopback(
    createServer(async (call, reply) => {
      if (!call.url?.startsWith(`${prefix}/`)) return reply.writeHead(404).end();
      const { host: _, connection: __, 'content-length': ___, ...headers } = call.headers;
      const response = await fetch(target + call.url.slice(prefix.length), {
        method: call.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(call.method === 'POST' && { body: new Uint8Array(await buffer(call)) }),
      });
      const {
        'content-encoding': ____,
        'content-length': _____,
        ...received
      } = Object.fromEntries(response.headers);
      reply.writeHead(response.status, received).end(await response.text());
    }),
  );
