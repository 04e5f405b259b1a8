import { ApiError } from '../api-error.ts';
import { isObject } from '../channels/is-object.ts';
import { parseExactJson } from '../parse-json.ts';
import { repeatedKey } from '../repeated-key.ts';

/** The maximum size of a body, unless the operation takes larger ones. */
const defaultMaxBytes = 256 * 1024;

/** The parts of API Gateway's event that carry the body. */
export interface BodyCarrier {
  headers: Record<string, string | undefined>;
  body?: string;
  isBase64Encoded?: boolean;
}

export const jsonType = 'application/json';
/** RFC 7396. */
export const mergePatchType = 'application/merge-patch+json';

/** The media type of a body in UTF-8, in lower case. Undefined for another charset. JSON is always UTF-8 (RFC 8259). */
const mediaTypeOf = (contentType: string): string | undefined => {
  const [type, ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  return charset === undefined || /^charset="?utf-?8"?$/.test(charset) ? type : undefined;
};

/** Whether a body is a merge patch, by its media type. */
export const isMergePatch = ({ headers }: BodyCarrier): boolean =>
  mediaTypeOf(headers['content-type'] ?? '') === mergePatchType;

/** @throws ApiError `unsupported_media_type` if the body has another type, or is encoded */
const checkMediaType = (headers: BodyCarrier['headers'], accepted: string[]): void => {
  const type = mediaTypeOf(headers['content-type'] ?? '');
  if (type === undefined || !accepted.includes(type))
    throw new ApiError(
      'unsupported_media_type',
      `The body must be sent as "content-type: ${accepted.join('" or "')}".`,
    );
  const encoding = headers['content-encoding'];
  if (encoding)
    throw new ApiError(
      'unsupported_media_type',
      `The body must be sent without "content-encoding": "${encoding}" is not supported.`,
    );
};

const notJson = (message: string, cause?: unknown) => new ApiError('invalid_json', message, { cause });

const decode = (bytes: Uint8Array): string => {
  try {
    // The decoder keeps a byte order mark, so that it can be refused. RFC 8259, section 8.1, forbids clients to send one.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw notJson('The body is not valid UTF-8.', cause);
  }
};

/**
 * Reads the body of a request as JSON (RFC 8259). An integer that no double holds exactly becomes a bigint.
 * @param options.accepted the media types that the operation takes
 * @param options.maxBytes the maximum size of the body; 256 KiB without it
 * @throws ApiError `unsupported_media_type`; `payload_too_large`; `invalid_json` for anything that is not
 * JSON, for a byte order mark, for invalid UTF-8, and for an object with the same key twice
 */
export const readJsonBody = (
  { headers, body = '', isBase64Encoded }: BodyCarrier,
  {
    accepted = [jsonType],
    maxBytes = defaultMaxBytes,
  }: { accepted?: string[] | undefined; maxBytes?: number } = {},
): unknown => {
  checkMediaType(headers, accepted);
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > maxBytes)
    throw new ApiError('payload_too_large', `The body must be at most ${maxBytes / 1024} KiB.`);

  const text = decode(bytes);
  if (text.startsWith('\ufeff'))
    throw notJson('The body begins with a byte order mark (U+FEFF): send it without one.');
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

/**
 * Checks that a request has no body, or `{}`, which many clients send with every POST.
 * @throws ApiError `invalid_request` for any other JSON; the errors of `readJsonBody`
 */
export const refuseBody = (event: BodyCarrier): void => {
  if (!event.body) return;
  const value = readJsonBody(event);
  if (isObject(value) && !Object.keys(value).length) return;
  throw new ApiError('invalid_request', 'This operation takes no body: send none, or {}.');
};
