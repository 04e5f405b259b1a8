import { createServer, type IncomingMessage } from 'node:http';
import { listenOnLoopback } from './loopback.ts';

// biome-ignore lint/suspicious/noExplicitAny: the bodies of DynamoDB's own protocol, in JSON
export type Body = any;

/** What is done to a call on its way to the engine and back; where there is nothing to do, what is given goes on. */
export interface BentLine {
  endpoint: string;
  ask: (operation: string, asked: Body) => Body;
  answer: (operation: string, asked: Body, answered: Body) => Body;
  /** Lets all pass as it is. */
  straighten(): void;
  close(): void;
}

const bodyOf = async (call: IncomingMessage): Promise<Body> => {
  const chunks: Buffer[] = [];
  for await (const chunk of call) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
};

/**
 * A line to the engine that changes what is asked and answered, for what DynamoDB does and its engine for one machine does
 * not: pages that end early, keys left unprocessed, indexes that lag.
 */
export const startBentLine = async (engine: string): Promise<BentLine> => {
  const straight = {
    ask: (_: string, asked: Body) => asked,
    answer: (_: string, __: Body, answered: Body) => answered,
  };
  const server = createServer(async (call, reply) => {
    const operation = String(call.headers['x-amz-target']).split('.').at(-1) ?? '';
    const asked = await bodyOf(call);
    const { 'content-length': _, host: __, connection: ___, ...headers } = call.headers;
    const response = await fetch(`${engine}${call.url}`, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: JSON.stringify(line.ask(operation, asked)),
    });
    const answered = await response.json();
    reply
      .writeHead(response.status, { 'content-type': 'application/x-amz-json-1.0' })
      .end(JSON.stringify(response.ok ? line.answer(operation, asked, answered) : answered));
  });
  const line: BentLine = {
    ...straight,
    ...(await listenOnLoopback(server)),
    straighten: () => Object.assign(line, straight),
  };
  return line;
};
