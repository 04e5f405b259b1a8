import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { corsHeaders, preflightResponse } from './cors.ts';
import { splitTarget, toEvent } from './gateway-event.ts';
import { invokeFunction } from './gateway-function.ts';
import { type ErrorStatus, errorResponse, type GatewayResponse } from './gateway-response.ts';
import { type BuiltInRoute, findRoute, type Route } from './gateway-routes.ts';
import { ClientDisconnected, declaresMoreThan, discardRest, readRequestBody } from './request-body.ts';

export type Routes = readonly (Route | BuiltInRoute)[];

export interface GatewayOptions {
  /** If this is a promise, requests wait until it resolves. If it rejects, they get 503. */
  routes: Routes | Promise<Routes>;
  /** 0 selects a free port. */
  port: number;
  /** Origins whose scripts may call the API in a browser (CORS). Default: none, and CORS is off. */
  allowedOrigins?: readonly string[];
  /** Milliseconds that a function may take. A request that takes longer gets 503. */
  integrationTimeoutMs?: number;
  /** Milliseconds that `close` waits for running requests. */
  closeTimeoutMs?: number;
}

export interface Gateway {
  port: number;
  url: string;
  /** Accepts no more connections, waits for running requests and closes idle connections. Can be called repeatedly. */
  close(): Promise<void>;
}

/** API Gateway's limits for an HTTP API: the request line with the headers, and the body. */
const maxHeadBytes = 10_240;
const maxBodyBytes = 10 * 1024 * 1024;

/** Node's own limit. It counts differently, so it is set higher, and `headSize` then checks `maxHeadBytes` exactly. */
const maxReadableHeadBytes = 4 * maxHeadBytes;

const discardTimeoutMs = 10_000;

/** The bytes of the request line and the header lines, including line ends. */
const headSize = ({ method, url, httpVersion, rawHeaders }: IncomingMessage) =>
  `${method} ${url} HTTP/${httpVersion}\r\n`.length +
  rawHeaders.reduce((size, text) => size + text.length + ': '.length, 0);

const isPrintableAscii = (text: string) => /^[\x21-\x7e]*$/.test(text);

/** Returns undefined if the client has disconnected. */
const handle = async (
  request: IncomingMessage,
  routes: GatewayOptions['routes'],
  allowedOrigins: readonly string[],
): Promise<GatewayResponse | undefined> => {
  const { method = '', url = '/', headers } = request;
  if (headSize(request) > maxHeadBytes) return errorResponse(431);
  const isHostMissing = headers.host === undefined && request.httpVersion === '1.1';
  if (isHostMissing || !isPrintableAscii(url)) return errorResponse(400);
  if (method === 'OPTIONS' && allowedOrigins.length) return preflightResponse(headers.origin, allowedOrigins);
  const loadedRoutes = await Promise.resolve(routes).catch(() => undefined);
  if (loadedRoutes === undefined) return errorResponse(503);
  try {
    const match = findRoute(loadedRoutes, method, splitTarget(url).rawPath);
    if (match === undefined) return errorResponse(404);
    const body = await readRequestBody(request, maxBodyBytes);
    if (body === undefined) return errorResponse(413);
    const { route } = match;
    if ('respond' in route) return route.respond();
    return await invokeFunction(
      route,
      toEvent(request, body, match),
      corsHeaders(headers.origin, allowedOrigins),
    );
  } catch (error) {
    if (error instanceof URIError) return errorResponse(400);
    if (error instanceof ClientDisconnected) return undefined;
    throw error;
  }
};

/** Returns `fallback` if the promise takes longer than `timeoutMs`. */
const withTimeout = async <Result>(
  promise: Promise<Result>,
  timeoutMs: number,
  fallback: Result,
): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<Result>((resolve) => {
    timer = setTimeout(() => resolve(fallback), timeoutMs).unref();
  });
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    clearTimeout(timer);
  }
};

const send = async (
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: GatewayResponse,
): Promise<void> => {
  if (response.destroyed) return;
  const hasNoBody = status === 204 || status === 304;
  response.statusCode = status;
  for (const [name, value] of headers) response.appendHeader(name, value);
  if (!hasNoBody) response.setHeader('content-length', body.length);
  const hasUnreadBody = !request.complete;
  if (hasUnreadBody) response.setHeader('connection', 'close');
  if (hasNoBody || request.method === 'HEAD') response.flushHeaders();
  else response.write(body);
  if (hasUnreadBody) await discardRest(request, discardTimeoutMs);
  response.end();
};

/** Sends an error response on a connection whose request Node could not parse, and closes the connection. */
const rejectConnection = (socket: Duplex, status: ErrorStatus) => {
  if (!socket.writable) return socket.destroy();
  const { headers, body } = errorResponse(status);
  const lines = [
    `HTTP/1.1 ${status} ${JSON.parse(body.toString()).message}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), 1_000);
  socket.once('close', () => clearTimeout(timer));
  return socket;
};

const statusOfParseError: Partial<Record<string, ErrorStatus>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

const hasNoIPv6 = (error: unknown) =>
  ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(codeOf(error) ?? '');

const explainListenError = (error: unknown, port: number): unknown => {
  if (codeOf(error) === 'EADDRINUSE')
    return new Error(`Port ${port} is taken: set PORT to another, e.g. PORT=${port + 1} npm start`);
  if (codeOf(error) === 'EACCES')
    return new Error(
      `Port ${port} is not allowed to this user: set PORT to one from 1024 up, e.g. PORT=3030 npm start`,
    );
  return error;
};

/** Listens on 127.0.0.1 and ::1 with the same port, because clients resolve `localhost` to one or the other. */
const listenOnLoopback = async (newServer: () => Server, port: number): Promise<[number, ...Server[]]> => {
  for (let attempt = 1; ; attempt++) {
    const servers = [newServer(), newServer()] as const;
    let boundPort = port;
    try {
      boundPort = await listen(servers[0], port, '127.0.0.1');
      try {
        await listen(servers[1], boundPort, '::1');
        return [boundPort, ...servers];
      } catch (error) {
        if (hasNoIPv6(error)) return [boundPort, servers[0]];
        servers[0].close();
        throw error;
      }
    } catch (error) {
      if (port !== 0 || attempt === 10) throw explainListenError(error, boundPort);
    }
  }
};

/**
 * Serves routes on the loopback interface like API Gateway's HTTP API: with the same events (payload format 2.0),
 * limits, error responses and CORS. It has no throttling, access log or authorizer.
 * @throws Error with one line if the port is taken or not allowed.
 */
export const startGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { routes, port: requestedPort, allowedOrigins = [] } = options;
  const { integrationTimeoutMs = 30_000, closeTimeoutMs = 10_000 } = options;
  const connections = new Set<Duplex>();
  const responses = new WeakMap<Duplex, ServerResponse>();
  let closing: Promise<void> | undefined;

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    responses.set(request.socket, response);
    const result = await withTimeout(
      handle(request, routes, allowedOrigins),
      integrationTimeoutMs,
      errorResponse(503),
    );
    if (closing) response.setHeader('connection', 'close');
    if (result) await send(request, response, result);
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    request.on('error', () => response.destroy());
    serve(request, response).catch((error) => {
      console.error('The gateway failed:', error);
      response.destroy();
    });
  };

  const newServer = () => {
    const server = createServer({ maxHeaderSize: maxReadableHeadBytes, requireHostHeader: false }, onRequest);
    // By default, Node drops the header lines after the first 1,000 or 2,000, so that `headSize` would not count them.
    server.maxHeadersCount = 0;
    return server
      .on('connection', (socket) => {
        connections.add(socket);
        socket.once('close', () => connections.delete(socket));
      })
      .on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        if (!declaresMoreThan(request, maxBodyBytes)) response.writeContinue();
        onRequest(request, response);
      })
      .on('connect', (_request, socket) => rejectConnection(socket, 404))
      .on('clientError', (error, socket) => {
        const response = responses.get(socket);
        if (response && !response.writableFinished && response.headersSent) socket.destroy();
        else rejectConnection(socket, statusOfParseError[codeOf(error) ?? ''] ?? 400);
      });
  };

  if (routes instanceof Promise) routes.catch(() => undefined);
  const [port, ...servers] = await listenOnLoopback(newServer, requestedPort);

  const dropIdle = () => {
    for (const socket of connections) if (responses.get(socket)?.closed !== false) socket.destroy();
  };
  const closeServer = (server: Server) =>
    new Promise<void>((resolve) => {
      const cutOffTimer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
      server.close(() => {
        clearTimeout(cutOffTimer);
        resolve();
      });
    });
  const closeAll = async () => {
    const dropIdleTimer = setInterval(dropIdle, 50);
    const closed = Promise.all(servers.map(closeServer));
    dropIdle();
    await closed;
    clearInterval(dropIdleTimer);
  };
  return {
    port,
    url: `http://localhost:${port}`,
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
};
