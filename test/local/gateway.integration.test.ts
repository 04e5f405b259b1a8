import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { type Gateway, startGateway } from '../../local/gateway.ts';
import type { Route } from '../../local/gateway-routes.ts';
import { bodyIn, sendRaw, statusIn } from './raw-http.ts';

const json = (body: unknown) => ({
  statusCode: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});
const echo = async (event: APIGatewayProxyEventV2) => json(event);

let result: unknown;
let lastContext: Context | undefined;
const invokedRoutes: string[] = [];
const routes: Route[] = [
  { method: 'GET', path: '/client-channel', invoke: echo },
  { method: 'POST', path: '/client-channel', invoke: echo },
  { method: 'GET', path: '/client-channel/{id}', invoke: echo },
  {
    method: 'GET',
    path: '/result',
    name: 'give-result',
    invoke: async (_event, context) => {
      lastContext = context;
      return result;
    },
  },
  {
    method: 'GET',
    path: '/throws',
    invoke: () => {
      throw new Error('secret detail');
    },
  },
  { method: 'GET', path: '/hangs', invoke: () => new Promise(() => undefined) },
  {
    method: 'POST',
    path: '/size',
    invoke: async (event) => {
      invokedRoutes.push(event.routeKey);
      return json(event.body?.length);
    },
  },
];

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ routes, port: 0 });
});
afterAll(() => gateway.close());

const request = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${gateway.port}${path}`, init);
const eventOf = async (path: string, init?: RequestInit) =>
  (await (await request(path, init)).json()) as APIGatewayProxyEventV2;
const errorOf = async (response: Response) => ({
  status: response.status,
  type: response.headers.get('content-type'),
  body: await response.text(),
});
const gatewayError = (status: number, message: string) => ({
  status,
  type: 'application/json',
  body: JSON.stringify({ message }),
});
const withoutErrorLog = async <Value>(run: () => Promise<Value>) => {
  const spy = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    return await run();
  } finally {
    spy.mockRestore();
  }
};

describe('the event of a request', () => {
  it('has all fields of payload format 2.0', async () => {
    const response = await sendRaw(
      gateway.port,
      [
        'POST /client-channel?a=1&b=x%20y&a=2&c&d=p+q&e[]=%5B1%5D HTTP/1.1',
        'Host: api.test',
        'Content-Type: application/json; charset=utf-8',
        'Content-Length: 9',
        'X-Mixed-Case: one',
        'x-mixed-case: two',
        'Authorization: Bearer a',
        'authorization: Bearer b',
        'Cookie: k1=v1; k2=v2',
        'User-Agent: tester',
        'Connection: close',
        '',
        '{"ü":1}\n',
      ].join('\r\n'),
    );
    const event = JSON.parse(bodyIn(response));

    expect(event).toEqual({
      version: '2.0',
      routeKey: 'POST /client-channel',
      rawPath: '/client-channel',
      rawQueryString: 'a=1&b=x%20y&a=2&c&d=p+q&e[]=%5B1%5D',
      cookies: ['k1=v1', 'k2=v2'],
      headers: {
        host: 'api.test',
        'content-type': 'application/json; charset=utf-8',
        'content-length': '9',
        'x-mixed-case': 'one,two',
        authorization: 'Bearer a,Bearer b',
        'user-agent': 'tester',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': String(gateway.port),
        'x-forwarded-proto': 'http',
      },
      queryStringParameters: { a: '1,2', b: 'x y', c: '', d: 'p q', 'e[]': '[1]' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'local',
        domainName: 'api.test',
        domainPrefix: 'local',
        http: {
          method: 'POST',
          path: '/client-channel',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'tester',
        },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        routeKey: 'POST /client-channel',
        stage: '$default',
        time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: expect.stringMatching(/^\{"[^"]+":1\}\n$/),
      isBase64Encoded: false,
    });
    expect(Math.abs(Date.now() - event.requestContext.timeEpoch)).toBeLessThan(60_000);
  });

  it('leaves out body, query, cookies and path parameters if the request has none', async () => {
    const event = await eventOf('/client-channel');
    for (const absent of ['body', 'queryStringParameters', 'cookies', 'pathParameters'])
      expect(event).not.toHaveProperty(absent);
    expect(event).toMatchObject({ rawQueryString: '', isBase64Encoded: false });
  });

  it('has decoded path parameters and the raw path as it was sent', async () => {
    const event = await eventOf('/client-channel/a%2Fb%20%C3%BC+c');
    expect(event.pathParameters).toEqual({ id: 'a/b ü+c' });
    expect(event.rawPath).toBe('/client-channel/a%2Fb%20%C3%BC+c');
    expect(event.routeKey).toBe('GET /client-channel/{id}');
  });

  it('keeps the query string byte for byte', async () => {
    const response = await sendRaw(
      gateway.port,
      'GET /client-channel?_id=["a","b"]&&x==1?&%5b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(JSON.parse(bodyIn(response)).rawQueryString).toBe('_id=["a","b"]&&x==1?&%5b');
  });

  it.each([
    'text/csv',
    'application/json',
    'application/merge-patch+json;charset=utf-8',
    'application/xml',
    'application/javascript',
    'application/x-www-form-urlencoded',
    'APPLICATION/JSON',
  ])('has a body of type %s as text, including the byte order mark', async (type) => {
    const event = await eventOf('/client-channel', {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.from('\ufeffgrün'),
    });
    expect(event).toMatchObject({ body: '\ufeffgrün', isBase64Encoded: false });
  });

  it.each([
    ['of a binary type', 'application/octet-stream', Buffer.from('text')],
    ['of a type that only looks like text', 'application/jsonp', Buffer.from('text')],
    ['that is not UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0x22])],
  ])('has a body %s in base64', async (_kind, type, body) => {
    const event = await eventOf('/client-channel', {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    expect(event).toMatchObject({ body: body.toString('base64'), isBase64Encoded: true });
  });

  it('has a body without a content type in base64, with its chunks joined', async () => {
    const response = await sendRaw(
      gateway.port,
      'POST /client-channel HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
      '2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    );
    const event = JSON.parse(bodyIn(response));
    expect(event).toMatchObject({ body: Buffer.from('abc').toString('base64'), isBase64Encoded: true });
    expect(event.headers['content-length']).toBe('3');
    expect(event.headers).not.toHaveProperty('transfer-encoding');
  });
});

describe('the context of a function', () => {
  it('has the name of the function, the id of the request and the remaining time', async () => {
    result = { statusCode: 204 };
    await request('/result');
    expect(lastContext).toMatchObject({
      functionName: 'give-result',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const left = lastContext?.getRemainingTimeInMillis() ?? 0;
    expect(left).toBeGreaterThan(20_000);
    expect(left).toBeLessThanOrEqual(29_000);
  });
});

describe('the response of a function', () => {
  it('is sent with its status, headers and body, and with one header for each cookie', async () => {
    result = {
      statusCode: 201,
      headers: { Location: '/x', ETag: '"1"', 'X-Number': 7, 'Content-Type': 'application/json' },
      cookies: ['a=1; HttpOnly', 'b=2'],
      body: '{"ok":"ü"}',
    };
    const response = await request('/result');
    const { date, ...headers } = Object.fromEntries(response.headers);
    expect(date).toBeDefined();
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
    expect(headers).toEqual({
      location: '/x',
      etag: '"1"',
      'x-number': '7',
      'content-type': 'application/json',
      'content-length': '11',
      'set-cookie': 'b=2',
      connection: 'keep-alive',
      'keep-alive': 'timeout=5',
    });
    expect(await response.text()).toBe('{"ok":"ü"}');
  });

  it('is decoded if it is marked as base64', async () => {
    result = { statusCode: 200, body: Buffer.from([0, 255]).toString('base64'), isBase64Encoded: true };
    expect(Buffer.from(await (await request('/result')).arrayBuffer())).toEqual(Buffer.from([0, 255]));
  });

  it('has the type text/plain if the function names no content type', async () => {
    result = { statusCode: 200, body: 'hi' };
    expect((await request('/result')).headers.get('content-type')).toBe('text/plain;charset=UTF-8');
  });

  it.each([204, 304])('has no body if its status is %d', async (statusCode) => {
    result = { statusCode, headers: { ETag: '"1"' } };
    const response = await request('/result');
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([
      statusCode,
      '"1"',
      '',
    ]);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'hello'],
    ['no status', { body: 'x' }],
    ['an invalid status', { statusCode: 99 }],
    ['a status as text', { statusCode: '200' }],
    ['a body that is not text', { statusCode: 200, body: { a: 1 } }],
    ['an invalid header name', { statusCode: 200, headers: { 'a b': 'x' } }],
    ['a header value with a line break', { statusCode: 200, headers: { a: 'x\r\ny: z' } }],
    ['a header value that is an object', { statusCode: 200, headers: { a: {} } }],
    ['more than 6 MB', { statusCode: 200, body: 'x'.repeat(6 * 1024 * 1024) }],
  ])('is 500 if the function returns %s', async (_kind, invalid) => {
    result = invalid;
    const response = await withoutErrorLog(async () => errorOf(await request('/result')));
    expect(response).toEqual(gatewayError(500, 'Internal Server Error'));
  });

  it('is 500 without the reason if the function throws', async () => {
    expect(await withoutErrorLog(async () => errorOf(await request('/throws')))).toEqual(
      gatewayError(500, 'Internal Server Error'),
    );
  });

  it('is 503 if the function does not respond in time', async () => {
    const impatient = await startGateway({ routes, port: 0, integrationTimeoutMs: 100 });
    const response = await fetch(`http://127.0.0.1:${impatient.port}/hangs`);
    expect(await errorOf(response)).toEqual(gatewayError(503, 'Service Unavailable'));
    await impatient.close();
  });
});

describe('CORS', () => {
  const origin = 'http://localhost:5173';
  let open: Gateway;
  beforeAll(async () => {
    open = await startGateway({ routes, port: 0, allowedOrigins: ['http://localhost:3000', origin] });
  });
  afterAll(() => open.close());

  /** The status, and all headers that are about CORS. */
  const corsOf = async (path: string, init: RequestInit) => {
    const { status, headers } = await fetch(`http://127.0.0.1:${open.port}${path}`, init);
    const about = [...headers].filter(([name]) => name === 'vary' || name.startsWith('access-control-'));
    return [status, Object.fromEntries(about)];
  };
  const allowOrigin = { 'access-control-allow-origin': origin, vary: 'origin' };

  it.each([
    '/client-channel',
    '/client-channel/a',
    '/nowhere',
  ])('answers a preflight request of an allowed origin for %s without a function', async (path) => {
    const headers = { origin, 'access-control-request-method': 'PUT' };
    expect(await corsOf(path, { method: 'OPTIONS', headers })).toEqual([
      204,
      {
        ...allowOrigin,
        'access-control-allow-methods': 'GET,POST,PUT,PATCH,DELETE',
        'access-control-allow-headers':
          'api-key,authorization,content-type,x-company-namespace,if-match,if-none-match,idempotency-key,x-request-id',
        'access-control-max-age': '3600',
      },
    ]);
  });

  it('lets scripts of an allowed origin read the response of a function, and its headers', async () => {
    result = { statusCode: 304, headers: { Vary: 'Accept-Encoding' } };
    expect(await corsOf('/result', { headers: { origin } })).toEqual([
      304,
      {
        ...allowOrigin,
        vary: 'Accept-Encoding, origin',
        'access-control-expose-headers':
          'ETag,Location,Link,Retry-After,x-request-id,Idempotency-Replayed,x-consumed-capacity',
      },
    ]);
  });

  it.each([
    ['another origin', '/result', { origin: 'http://localhost:5174' }],
    ['no origin', '/result', {}],
    ['a response of the gateway itself', '/nowhere', { origin }],
    ['a function that fails', '/throws', { origin }],
  ])('allows nothing for %s', async (_kind, path, headers) => {
    result = { statusCode: 304 };
    const [, allowed] = await withoutErrorLog(() => corsOf(path, { headers }));
    expect(allowed).toEqual({});
  });

  it('answers a preflight request of another origin with 204, and allows nothing', async () => {
    const headers = { origin: 'https://example.com', 'access-control-request-method': 'GET' };
    expect(await corsOf('/client-channel', { method: 'OPTIONS', headers })).toEqual([204, {}]);
  });
});

describe('a response of the gateway itself', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/nowhere'],
    ['GET', '/client-channel/'],
    ['GET', '/client-channel//'],
    ['GET', '/client-channel/a/b'],
    ['GET', '//client-channel'],
    ['GET', '/CLIENT-CHANNEL'],
    ['DELETE', '/client-channel'],
    ['OPTIONS', '/client-channel'],
    ['POST', '/client-channel/a'],
  ])('is 404 for %s %s', async (method, path) => {
    expect(await errorOf(await request(path, { method }))).toEqual(gatewayError(404, 'Not Found'));
  });

  it('is 404 without a body for HEAD', async () => {
    const response = await request('/client-channel', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([404, '']);
  });

  it('leaves the connection open if the request was read to its end', async () => {
    const response = await sendRaw(
      gateway.port,
      'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\nGET /client-channel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(response.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it.each([
    ['a path with a single percent sign', 'GET /client-channel/a% HTTP/1.1\r\nHost: x\r\n'],
    ['a path that is not UTF-8', 'GET /client-channel/%FF HTTP/1.1\r\nHost: x\r\n'],
    ['a query with a single percent sign', 'GET /client-channel?a=%zz HTTP/1.1\r\nHost: x\r\n'],
    ['a target with bytes outside ASCII', 'GET /client-channel/\xfc HTTP/1.1\r\nHost: x\r\n'],
    ['a request without a host', 'GET /client-channel HTTP/1.1\r\n'],
    ['a request that is not HTTP', 'hello\r\n'],
    ['a header without a colon', 'GET /client-channel HTTP/1.1\r\nHost: x\r\nbroken\r\n'],
    [
      'a request with two body lengths',
      'POST /client-channel HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n',
    ],
  ])('is 400 for %s', async (_kind, head) => {
    const response = await sendRaw(gateway.port, Buffer.from(`${head}Connection: close\r\n\r\n`, 'latin1'));
    expect([statusIn(response), bodyIn(response)]).toEqual([400, '{"message":"Bad Request"}']);
    expect(response.toLowerCase()).toContain('content-type: application/json');
  });

  const headOf = (size: number) => {
    const start = 'GET /client-channel HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Filler: ';
    return `${start}${'x'.repeat(size - start.length - 2)}\r\n\r\n`;
  };

  it('is 431 for a request line and headers of 10,241 bytes, while 10,240 bytes are accepted', async () => {
    expect(statusIn(await sendRaw(gateway.port, headOf(10_240)))).toBe(200);
    const response = await sendRaw(gateway.port, headOf(10_241));
    expect([statusIn(response), bodyIn(response)]).toEqual([
      431,
      '{"message":"Request Header Fields Too Large"}',
    ]);
  });

  it.each([
    50_000, 1_000_000,
  ])('is 431 for %d bytes of headers, although the gateway does not read them all', async (size) => {
    const response = await sendRaw(gateway.port, headOf(size));
    expect([statusIn(response), bodyIn(response)]).toEqual([
      431,
      '{"message":"Request Header Fields Too Large"}',
    ]);
  });

  it('is 431 for many short header lines of more than 10,240 bytes', async () => {
    const lines = 'a: b\r\n'.repeat(1_900);
    const response = await sendRaw(
      gateway.port,
      `GET /client-channel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`,
    );
    expect(statusIn(response)).toBe(431);
  });

  it('is 431 for a long target', async () => {
    const response = await sendRaw(
      gateway.port,
      `GET /client-channel/${'x'.repeat(10_300)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(statusIn(response)).toBe(431);
  });

  const tooLarge = [413, '{"message":"Request Entity Too Large"}'];
  const megabyte = 1024 * 1024;

  it('is 413 for a content-length over 10 MB before the client sends any of the body', async () => {
    invokedRoutes.length = 0;
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(`POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: ${10 * megabyte + 1}\r\n\r\n`);
    const response = await new Promise<string>((resolve) =>
      socket.once('data', (chunk) => resolve(String(chunk))),
    );
    socket.destroy();
    expect([statusIn(response), bodyIn(response)]).toEqual(tooLarge);
    expect(invokedRoutes).toEqual([]);
  });

  it('is 413 for a client that sends 30 MB in chunks before it reads the response', async () => {
    const chunk = Buffer.concat([
      Buffer.from('100000\r\n'),
      Buffer.alloc(megabyte, 'x'),
      Buffer.from('\r\n'),
    ]);
    const response = await sendRaw(
      gateway.port,
      'POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      ...Array.from({ length: 30 }, () => chunk),
      '0\r\n\r\n',
    );
    expect([statusIn(response), bodyIn(response)]).toEqual(tooLarge);
  });

  it('is 413 if the event would exceed 6 MB, while an event just below 6 MB reaches the function', async () => {
    const headers = { 'content-type': 'text/plain' };
    const post = (size: number) => request('/size', { method: 'POST', headers, body: 'x'.repeat(size) });
    const below = await post(6 * megabyte - 4_096);
    expect([below.status, await below.json()]).toEqual([200, 6 * megabyte - 4_096]);
    const above = await post(6 * megabyte);
    expect([above.status, await above.text()]).toEqual(tooLarge);
  });

  it('is 100 for a client that waits for permission before it sends the body', async () => {
    const head =
      'POST /size HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: text/plain\r\n';
    const response = await sendRaw(gateway.port, `${head}Content-Length: 2\r\n\r\n`, 'ab');
    expect(response.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200']);
  });
});

describe('the port of the gateway', () => {
  it('is the same on both loopback addresses', async () => {
    for (const host of ['127.0.0.1', '[::1]'])
      expect((await fetch(`http://${host}:${gateway.port}/client-channel`)).status).toBe(200);
    expect(gateway.url).toBe(`http://localhost:${gateway.port}`);
  });

  it('is named in a one-line error if it is taken', async () => {
    await expect(startGateway({ routes, port: gateway.port })).rejects.toThrow(
      new Error(
        `Port ${gateway.port} is taken: set PORT to another, e.g. PORT=${gateway.port + 1} npm start`,
      ),
    );
  });

  it('is used on no address if it is taken on one of the two', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '::1', resolve));
    const { port } = other.address() as { port: number };
    await expect(startGateway({ routes, port })).rejects.toThrow(`Port ${port} is taken`);
    await expect(fetch(`http://127.0.0.1:${port}/client-channel`)).rejects.toThrow();
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('the start of the gateway', () => {
  it('lets requests wait until the routes are loaded', async () => {
    let provideRoutes: (routes: Route[]) => void = () => undefined;
    const gatewayWithoutRoutes = await startGateway({
      port: 0,
      routes: new Promise<Route[]>((resolve) => {
        provideRoutes = resolve;
      }),
    });
    const response = fetch(`http://127.0.0.1:${gatewayWithoutRoutes.port}/client-channel`);
    provideRoutes(routes);
    expect((await response).status).toBe(200);
    await gatewayWithoutRoutes.close();
  });

  it('answers 503 if the routes cannot be loaded', async () => {
    const failed = await startGateway({ port: 0, routes: Promise.reject(new Error('no routes')) });
    const response = await errorOf(await fetch(`http://127.0.0.1:${failed.port}/client-channel`));
    expect(response).toEqual(gatewayError(503, 'Service Unavailable'));
    await failed.close();
  });
});

describe('closing the gateway', () => {
  it('waits for a running request and closes idle connections', async () => {
    const entered = new EventEmitter();
    const slow: Route = {
      method: 'GET',
      path: '/slow',
      invoke: () => new Promise((finish) => entered.emit('slow', finish)),
    };
    const closing = await startGateway({ port: 0, routes: [slow] });
    const idle = connect(closing.port, '127.0.0.1');
    const idleClosed = once(idle, 'close');
    const running = once(entered, 'slow');
    const response = fetch(`http://127.0.0.1:${closing.port}/slow`);
    const [finish] = await running;

    const closed = closing.close();
    await idleClosed;
    await expect(fetch(`http://127.0.0.1:${closing.port}/slow`)).rejects.toThrow();
    finish({ statusCode: 200, body: 'done' });
    expect(await (await response).text()).toBe('done');
    await closed;
  });

  it('ends in bounded time even if a request never ends', async () => {
    const stuck = await startGateway({ routes, port: 0, closeTimeoutMs: 100 });
    const response = fetch(`http://127.0.0.1:${stuck.port}/hangs`).catch(() => 'cut off');
    await fetch(`http://127.0.0.1:${stuck.port}/client-channel`);
    await stuck.close();
    expect(await response).toBe('cut off');
  });
});
