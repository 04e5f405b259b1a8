import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Starts a proxy that serves a server behind a path prefix: it removes the prefix, and changes nothing else. */
export const startPrefixProxy = async (prefix: string, target: string) => {
  const proxy = createServer(({ method, url = '', headers }, response) => {
    if (!url.startsWith(`${prefix}/`)) return response.writeHead(404).end();
    return request(target + url.slice(prefix.length), { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    }).end();
  });
  await once(proxy.listen(0, 'localhost'), 'listening');
  return {
    root: `http://localhost:${(proxy.address() as AddressInfo).port}${prefix}/`,
    stop: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
};
