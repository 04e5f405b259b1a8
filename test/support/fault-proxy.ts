import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { listenOnLoopback } from './loopback.ts';

/** What becomes of a call to DynamoDB: it goes through, is answered with an error, or is never answered. */
export type Fault = 'none' | 'hang' | 'reset' | { __type: string; CancellationReasons?: { Code: string }[] };

export interface FaultyLine {
  endpoint: string;
  /** For each call, by the operation that it asks for. */
  fault: (operation: string) => Fault;
  close(): void;
}

const forward = (engine: string, call: IncomingMessage, answer: ServerResponse): void => {
  const { method, url, headers } = call;
  const onward = request(`${engine}${url}`, { method, headers }, (reply) => {
    answer.writeHead(reply.statusCode ?? 500, reply.headers);
    reply.pipe(answer);
  });
  call.pipe(onward);
};

/** A line to the engine that fails as told, so that a fault can be shown from one end of the service to the other. */
export const startFaultyLine = async (engine: string): Promise<FaultyLine> => {
  const line: FaultyLine = { endpoint: '', fault: () => 'none', close: () => {} };
  const server = createServer((call, answer) => {
    const operation = String(call.headers['x-amz-target']).split('.').at(-1) ?? '';
    const fault = line.fault(operation);
    if (fault === 'none') forward(engine, call, answer);
    else if (fault === 'reset') call.socket.destroy();
    else if (fault !== 'hang')
      answer.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(fault));
  });
  return Object.assign(line, await listenOnLoopback(server));
};
