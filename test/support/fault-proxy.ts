import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type DynamoDbProxy, operationOf } from './dynamodb-proxy.ts';
import { listenOnLoopback } from './loopback.ts';

/** The fault of a call to DynamoDB: the call is forwarded, never answered, cut off, or answered with an error. */
type Fault = 'none' | 'hang' | 'reset' | { __type: string; CancellationReasons?: { Code: string }[] };

export interface FaultProxy extends DynamoDbProxy {
  /** Chooses the fault of each call by its operation, such as `Query`. Tests replace it. */
  fault: (operation: string) => Fault;
}

const forward = (target: string, call: IncomingMessage, response: ServerResponse): void => {
  const { method, url, headers } = call;
  const forwarded = request(`${target}${url}`, { method, headers }, (reply) => {
    response.writeHead(reply.statusCode ?? 500, reply.headers);
    reply.pipe(response);
  });
  call.pipe(forwarded);
};

/** A proxy that fails on demand. With it, tests show what a client of the service sees when DynamoDB fails. */
export const createFaultProxy = (): FaultProxy => {
  const proxy: FaultProxy = {
    fault: () => 'none',
    start: async (target) => {
      const server = createServer((call, response) => {
        const fault = proxy.fault(operationOf(call.headers));
        if (fault === 'none') forward(target, call, response);
        else if (fault === 'reset') call.socket.destroy();
        else if (fault !== 'hang')
          response
            .writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
            .end(JSON.stringify(fault));
      });
      const { endpoint, close } = await listenOnLoopback(server);
      proxy.close = close;
      return endpoint;
    },
    close: () => {},
  };
  return proxy;
};
