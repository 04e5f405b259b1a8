import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { RouteMatch } from './gateway-routes.ts';

/** Headers for one connection only. The gateway does not forward them (RFC 9110, section 7.6.1). */
const hopByHopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

const textType =
  /^(text\/[^;]*|application\/(json|xml|javascript|x-www-form-urlencoded)|[^;]*\+json)\s*(;|$)/i;

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const twoDigits = (value: number) => String(value).padStart(2, '0');

/** The time in the format of access logs: `24/Nov/2026:07:58:01 +0000`. */
const logTime = (time: Date) => {
  const day = `${twoDigits(time.getUTCDate())}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return `${day}:${time.toISOString().slice(11, 19)} +0000`;
};

/** Reads headers with their names in lower case. Joins repeated headers with commas. Returns cookies separately. */
const readHeaders = (rawHeaders: string[]) => {
  const headers = new Map<string, string>();
  const cookies: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    const value = rawHeaders[index + 1] as string;
    if (name === 'cookie') cookies.push(...value.split(/; */).filter((cookie) => cookie !== ''));
    else if (!hopByHopHeaders.has(name)) {
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before},${value}`);
    }
  }
  return { headers, cookies };
};

const decodeQueryPart = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));

/** @throws URIError if the percent-encoding is malformed. */
const readQuery = (rawQueryString: string): Record<string, string> | undefined => {
  const parameters = new Map<string, string>();
  for (const pair of rawQueryString.split('&')) {
    if (pair === '') continue;
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const key = decodeQueryPart(name);
    const before = parameters.get(key);
    const decoded = decodeQueryPart(value);
    parameters.set(key, before === undefined ? decoded : `${before},${decoded}`);
  }
  return parameters.size === 0 ? undefined : Object.fromEntries(parameters);
};

const readBody = (body: Buffer, contentType: string | undefined) => {
  if (body.length === 0) return { isBase64Encoded: false };
  return textType.test(contentType ?? '') && isUtf8(body)
    ? { body: body.toString('utf8'), isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true };
};

/** Splits the target of a request into path and query, without decoding them. */
export const splitTarget = (target: string): { rawPath: string; rawQueryString: string } => {
  const relative = target.replace(/^https?:\/\/[^/?]*/i, '');
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(relative) ?? [];
  return { rawPath: path || '/', rawQueryString: query };
};

/**
 * The event that API Gateway's HTTP API passes to a function for a request (payload format 2.0).
 * @throws URIError if the percent-encoding of the query is malformed.
 */
export const toEvent = (
  request: IncomingMessage,
  body: Buffer,
  { route, pathParameters }: RouteMatch,
): APIGatewayProxyEventV2 => {
  const { rawPath, rawQueryString } = splitTarget(request.url ?? '/');
  const { headers, cookies } = readHeaders(request.rawHeaders);
  const queryStringParameters = readQuery(rawQueryString);
  const sourceIp = (request.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
  if (body.length > 0) headers.set('content-length', String(body.length));
  const forwardedFor = headers.get('x-forwarded-for');
  headers.set('x-forwarded-for', forwardedFor === undefined ? sourceIp : `${forwardedFor}, ${sourceIp}`);
  headers.set('x-forwarded-port', String(request.socket.localPort));
  headers.set('x-forwarded-proto', 'http');
  const routeKey = `${route.method} ${route.path}`;
  const now = new Date();
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers: Object.fromEntries(headers),
    ...(queryStringParameters && { queryStringParameters }),
    ...(pathParameters && { pathParameters }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers.get('host') ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method: route.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers.get('user-agent') ?? '',
      },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: logTime(now),
      timeEpoch: now.getTime(),
    },
    ...readBody(body, headers.get('content-type')),
  };
};
