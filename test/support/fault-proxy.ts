import { createHash } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { type DynamoDbProxy, operationOf } from './dynamodb-proxy.ts';
import { listenOnLoopback } from './loopback.ts';

/** An error that the proxy answers with status 400 in place of DynamoDB. */
interface DynamoDbError {
  __type: string;
  CancellationReasons?: { Code: string }[];
}

/**
 * What happens to one try of a call. DynamoDB carries it out:
 * - `none`: and the client gets the answer;
 * - `dropAnswer`: and the connection is reset in place of the answer;
 * - `failAfter`: and the client gets status 500 in place of the answer;
 * - `{ delayMs }`: so many milliseconds later, and the client gets the answer;
 * - `{ rewriteAnswer }`: and the client gets what this makes of the answer;
 * - `{ deliverAfterMs }`: so many milliseconds after the connection was reset.
 *
 * DynamoDB never gets it:
 * - `hang`: and the client gets no answer;
 * - `reset`: and the connection is reset;
 * - `failBefore`: and the client gets status 500;
 * - `throttle`, `conflict`: and the client gets the error that DynamoDB has for this operation;
 * - any other error, as DynamoDB writes it.
 */
export type Fault =
  | 'none'
  | 'dropAnswer'
  | 'failAfter'
  | 'hang'
  | 'reset'
  | 'failBefore'
  | 'throttle'
  | 'conflict'
  | { delayMs: number }
  | { deliverAfterMs: number }
  // biome-ignore lint/suspicious/noExplicitAny: the bodies of DynamoDB's own protocol, in JSON
  | { rewriteAnswer: (answer: any) => object }
  | DynamoDbError;

/** One try of a call to DynamoDB. */
interface Try {
  /** The same for all tries of one call: by the SDK, and for a single write also by the service. */
  call: string;
  /** The number of this try within the call, from 1. */
  number: number;
  // biome-ignore lint/suspicious/noExplicitAny: the bodies of DynamoDB's own protocol, in JSON
  body: any;
}

export interface FaultProxy extends DynamoDbProxy {
  /** Chooses the fault of each try by its operation, such as `Query`. Tests replace it. */
  fault: (operation: string, tried: Try) => Fault;
  /** How many tries were forwarded or failed so far, since `start`. */
  tries: number;
  /** Waits until DynamoDB has answered everything that it was sent, also what is delivered late. */
  allAnswered(): Promise<void>;
  /** Listens again at the same URL. From `close` until then, connections are refused. */
  reopen(): Promise<void>;
}

const namespace = 'com.amazonaws.dynamodb.v20120810#';
const json = { 'content-type': 'application/x-amz-json-1.0' };

const cancelled = (count: number, code: string): DynamoDbError => ({
  __type: `${namespace}TransactionCanceledException`,
  CancellationReasons: Array.from({ length: count }, (_, index) => ({ Code: index === 0 ? code : 'None' })),
});

const throttled = ({ body }: Try): DynamoDbError =>
  body.TransactItems
    ? cancelled(body.TransactItems.length, 'ThrottlingError')
    : { __type: `${namespace}ProvisionedThroughputExceededException` };

const conflicting = ({ body }: Try): DynamoDbError =>
  body.TransactItems
    ? cancelled(body.TransactItems.length, 'TransactionConflict')
    : { __type: `${namespace}TransactionConflictException` };

/**
 * What is the same in all tries of one call. The SDK repeats a transaction with its token, and the service repeats a single
 * write with the same body. Many requests read with the same body at once: only the SDK's own id tells their calls apart.
 */
const callOf = (operation: string, headers: IncomingHttpHeaders, sent: string): string =>
  /^(Update|Put|Delete)Item$|^Transact/.test(operation)
    ? createHash('sha256').update(sent).digest('base64')
    : String(headers['amz-sdk-invocation-id']);

/** Sends a request to DynamoDB. @returns its response, once it has been read */
const send = (target: string, call: IncomingMessage, sent: string) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const { method, url, headers } = call;
    const forwarded = request(`${target}${url}`, { method, headers }, async (reply) => {
      resolve({ status: reply.statusCode ?? 500, headers: reply.headers, body: await text(reply) });
    });
    forwarded.on('error', reject).end(sent);
  });

/** After so many turns of the event loop without a try, no try is on its way any more. */
const quietTurns = 10;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A try that has arrived, and the ways in which it can end. */
const openTry = (target: string, call: IncomingMessage, response: ServerResponse, sent: string) => {
  const refuse = (status: number, error: DynamoDbError) => {
    response.writeHead(status, json).end(JSON.stringify(error));
  };
  const deliver = () => send(target, call, sent);
  return {
    deliver,
    refuse,
    reset: () => call.socket.destroy(),
    fail: () => refuse(500, { __type: `${namespace}InternalServerError` }),
    answer: async () => {
      const { status, headers, body } = await deliver();
      response.writeHead(status, headers).end(body);
    },
    answerWith: async (rewrite: (answer: object) => object) => {
      const { status, body } = await deliver();
      const answer = JSON.parse(body);
      response.writeHead(status, json).end(JSON.stringify(status === 200 ? rewrite(answer) : answer));
    },
  };
};

const apply = async (fault: Fault, tried: Try, open: ReturnType<typeof openTry>): Promise<unknown> => {
  const { answer, answerWith, deliver, fail, refuse, reset } = open;
  if (typeof fault !== 'string') {
    if ('delayMs' in fault) return pause(fault.delayMs).then(answer);
    if ('rewriteAnswer' in fault) return answerWith(fault.rewriteAnswer);
    if (!('deliverAfterMs' in fault)) return refuse(400, fault);
    reset();
    return pause(fault.deliverAfterMs).then(deliver);
  }
  const faults: Record<typeof fault, () => unknown> = {
    none: answer,
    dropAnswer: () => deliver().finally(reset),
    failAfter: () => deliver().finally(fail),
    hang: () => undefined,
    reset,
    failBefore: fail,
    throttle: () => refuse(400, throttled(tried)),
    conflict: () => refuse(400, conflicting(tried)),
  };
  return faults[fault]();
};

/** A proxy that fails on demand. With it, tests show what a client of the service sees when DynamoDB fails. */
export const createFaultProxy = (): FaultProxy => {
  const numbers = new Map<string, number>();
  const running = new Set<Promise<unknown>>();

  const handle = async (target: string, call: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sent = await text(call);
    const operation = operationOf(call.headers);
    const id = callOf(operation, call.headers, sent);
    const number = (numbers.get(id) ?? 0) + 1;
    numbers.set(id, number);
    proxy.tries++;
    const tried: Try = { call: id, number, body: JSON.parse(sent) };
    await apply(proxy.fault(operation, tried), tried, openTry(target, call, response, sent));
  };

  const proxy: FaultProxy = {
    fault: () => 'none',
    tries: 0,
    start: async (target) => {
      // Without a timeout, the proxy ends no idle connection: a client that has just begun to use one would get a reset.
      const server = createServer({ keepAliveTimeout: 0 }, (call, response) => {
        // If DynamoDB is gone, the client learns it as if there was no proxy.
        const handled = handle(target, call, response).catch(() => call.socket.destroy());
        running.add(handled);
        handled.finally(() => running.delete(handled));
      });
      const { endpoint, close } = await listenOnLoopback(server);
      proxy.close = close;
      const port = Number(new URL(endpoint).port);
      proxy.reopen = () => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
      return endpoint;
    },
    allAnswered: async () => {
      // A try may have been sent, and not have arrived here. Each turn of the event loop reads what has arrived.
      for (let turns = 0; turns < quietTurns; turns++) {
        if (running.size) turns = 0;
        await Promise.all(running);
        await setImmediate();
      }
    },
    close: () => {},
    reopen: async () => {},
  };
  return proxy;
};
