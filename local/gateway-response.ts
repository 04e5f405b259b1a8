import { validateHeaderName, validateHeaderValue } from 'node:http';

/** What the gateway sends to the client. */
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

/** A response of the gateway itself, without a function: API Gateway's body for this status. */
export const errorResponse = (status: ErrorStatus): GatewayResponse => ({
  status,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify({ message: messages[status] })),
});

/** The gateway sets these headers itself and ignores those of a function. */
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
  if (headers !== undefined && !isRecord(headers)) throw new TypeError('headers is not an object');
  if (cookies !== undefined && !Array.isArray(cookies)) throw new TypeError('cookies is not an array');
  const pairs: GatewayResponse['headers'] = [];
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new TypeError(`The header ${name} is not a string, number or boolean`);
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
  if (typeof body !== 'string') throw new TypeError('body is not a string');
  return Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8');
};

/**
 * Converts the result of a function (payload format 2.0) to a response. Difference from API Gateway: it accepts a
 * result without `statusCode` and makes a 200 of it. Here that is an error, because our functions always return a status.
 * @throws TypeError that says what is wrong with the result.
 */
export const toResponse = (result: unknown): GatewayResponse => {
  if (!isRecord(result)) throw new TypeError('The function did not return an object');
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
