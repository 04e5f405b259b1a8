import { validateHeaderName, validateHeaderValue } from 'node:http';

/** What goes out to the client. */
export interface GatewayResponse {
  status: number;
  headers: [name: string, value: string | string[]][];
  body: Buffer;
}

const messages = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

export type ErrorStatus = keyof typeof messages;

/** What the gateway says on its own account, without a function. */
export const errorResponse = (status: ErrorStatus): GatewayResponse => ({
  status,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify({ message: messages[status] })),
});

/** The connection's own headers are the gateway's to set. */
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readHeaders = (headers: unknown, cookies: unknown): GatewayResponse['headers'] => {
  if (headers !== undefined && !isRecord(headers)) throw new TypeError('headers is no object');
  if (cookies !== undefined && !Array.isArray(cookies)) throw new TypeError('cookies is no array');
  const pairs: GatewayResponse['headers'] = [];
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new TypeError(`The header ${name} is neither text, number nor boolean`);
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
    if (!connectionHeaders.has(name.toLowerCase())) pairs.push([name.toLowerCase(), String(value)]);
  }
  if (cookies?.length) {
    for (const cookie of cookies) validateHeaderValue('set-cookie', String(cookie));
    pairs.push(['set-cookie', cookies.map(String)]);
  }
  return pairs;
};

const readBody = (body: unknown, isBase64Encoded: unknown): Buffer => {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body !== 'string') throw new TypeError('body is no text');
  return Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8');
};

/**
 * Reads what a function returned, in payload format 2.0. The gateway proper would guess an answer for a result without
 * `statusCode`; here that is an error, as our functions always give one.
 * @throws TypeError that tells what is wrong with the result.
 */
export const toResponse = (result: unknown): GatewayResponse => {
  if (!isRecord(result)) throw new TypeError('The function returned no object');
  const { statusCode, headers, cookies, body, isBase64Encoded } = result;
  if (!Number.isInteger(statusCode) || (statusCode as number) < 200 || (statusCode as number) > 599)
    throw new TypeError(`statusCode is ${JSON.stringify(statusCode)}`);
  const response = {
    status: statusCode as number,
    headers: readHeaders(headers, cookies),
    body: readBody(body, isBase64Encoded),
  };
  const hasContentType = response.headers.some(([name]) => name === 'content-type');
  if (response.body.length > 0 && !hasContentType)
    response.headers.unshift(['content-type', 'text/plain;charset=UTF-8']);
  return response;
};
