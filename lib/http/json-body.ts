import { ApiError } from '../api-error.ts';
import { parseExactJson } from '../parse-json.ts';

const maxBytes = 256 * 1024;

/** The parts of API Gateway's event that carry the body. */
export interface BodyCarrier {
  headers: Record<string, string | undefined>;
  body?: string;
  isBase64Encoded?: boolean;
}

/** Whether the content type is `application/json` or another `+json` type, in UTF-8 (RFC 6839, RFC 8259). */
const isJson = (contentType: string): boolean => {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  return (
    /^application\/(json|[a-z0-9!#$&^_.+-]+\+json)$/.test(type) &&
    (charset === undefined || /^charset="?utf-?8"?$/.test(charset))
  );
};

const notJson = (message: string, cause?: unknown) => new ApiError('invalid_json', message, { cause });

const decode = (bytes: Uint8Array): string => {
  try {
    // The decoder keeps a byte order mark, and the parser then refuses it. RFC 8259, section 8.1, forbids clients to
    // send one.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw notJson('The body is not valid UTF-8.', cause);
  }
};

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * The first key that occurs twice in one object of a valid JSON text. Parsers disagree on the meaning of such an
 * object.
 */
const repeatedKey = (json: string): string | undefined => {
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key: string = JSON.parse(text);
      const known = open.at(-1);
      if (known?.has(key)) return key;
      known?.add(key);
    } else text = token;
  }
  return undefined;
};

/**
 * Reads the body of a request as JSON (RFC 8259). An integer that no double holds exactly becomes a bigint.
 * @throws ApiError `unsupported_media_type`; `payload_too_large` over 256 KiB; `invalid_json` for anything that is not
 * JSON, for a byte order mark, for invalid UTF-8, and for an object with the same key twice
 */
export const readJsonBody = ({ headers, body = '', isBase64Encoded }: BodyCarrier): unknown => {
  if (!isJson(headers['content-type'] ?? ''))
    throw new ApiError(
      'unsupported_media_type',
      'The body must be sent as "content-type: application/json".',
    );
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > maxBytes)
    throw new ApiError('payload_too_large', `The body must be at most ${maxBytes / 1024} KiB.`);

  const text = decode(bytes);
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch (cause) {
    if (cause instanceof RangeError) throw notJson('The body has too many levels.', cause);
    throw notJson(text.trim() ? 'The body is not valid JSON.' : 'The body is missing.', cause);
  }
  const key = repeatedKey(text);
  if (key !== undefined) throw notJson(`The body holds the key ${JSON.stringify(key)} twice in one object.`);
  return value;
};
