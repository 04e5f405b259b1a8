import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { type DynamoDbProxy, operationOf } from './dynamodb-proxy.ts';
import { listenOnLoopback } from './loopback.ts';

// biome-ignore lint/suspicious/noExplicitAny: the bodies of DynamoDB's own protocol, in JSON
type Body = any;

export interface RewritingProxy extends DynamoDbProxy {
  /** Returns the request that DynamoDB Local gets. Tests replace it. */
  rewriteRequest: (operation: string, request: Body) => Body;
  /** Returns the response that the service gets. It is called for successful responses only. Tests replace it. */
  rewriteResponse: (operation: string, request: Body, response: Body) => Body;
  /** Forwards everything unchanged again. */
  reset(): void;
}

const unchanged = {
  rewriteRequest: (_operation: string, request: Body) => request,
  rewriteResponse: (_operation: string, _request: Body, response: Body) => response,
};

/**
 * A proxy that rewrites requests and responses. With it, tests simulate behaviour of DynamoDB that DynamoDB Local does
 * not have: pages that end early, keys that are left unprocessed, indexes that lag behind.
 */
export const createRewritingProxy = (): RewritingProxy => {
  const proxy: RewritingProxy = {
    ...unchanged,
    reset: () => Object.assign(proxy, unchanged),
    start: async (target) => {
      const server = createServer(async (call, reply) => {
        const operation = operationOf(call.headers);
        const request = (await json(call)) as Body;
        const { 'content-length': _, host: __, connection: ___, ...headers } = call.headers;
        const response = await fetch(`${target}${call.url}`, {
          method: 'POST',
          headers: headers as Record<string, string>,
          body: JSON.stringify(proxy.rewriteRequest(operation, request)),
        });
        // An overloaded DynamoDB Local answers with a page in HTML.
        const body = await response.text();
        reply
          .writeHead(response.status, { 'content-type': 'application/x-amz-json-1.0' })
          .end(
            response.ok ? JSON.stringify(proxy.rewriteResponse(operation, request, JSON.parse(body))) : body,
          );
      });
      const { endpoint, close } = await listenOnLoopback(server);
      proxy.close = close;
      return endpoint;
    },
    close: () => {},
  };
  return proxy;
};
