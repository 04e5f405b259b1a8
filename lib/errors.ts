/** What a client may be told, by the contract's literal codes. Which status a code has is the edge's business. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_json'
  | 'invalid_cursor'
  | 'cursor_mismatch'
  | 'page_too_deep'
  | 'page_too_large'
  | 'query_too_broad'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'idempotency_key_reused'
  | 'too_many_requests'
  | 'unavailable';

/** One thing that is wrong with a request, and where: `integration_meta.a`, `per_page`. */
export interface ErrorDetail {
  path: string;
  message: string;
}

/** How many are said at once: a detail may be far longer than what it is about, and 10,000 help nobody. */
export const maxDetails = 100;

/** The first of what is wrong with parts of a request, as a sentence, and that there is more. */
const sentenceOf = (part: string, { path, message }: ErrorDetail, count: number): string => {
  const sentence = `The ${part} "${path}" ${message}.`;
  if (count === 1) return sentence;
  const where =
    count > maxDetails ? `see the details, which are the first ${maxDetails}` : 'see the details';
  return `${sentence} Of ${count} problems this is the first: ${where}.`;
};

/**
 * A request that is answered with an error the client may read: the message is for a person and goes out as it stands.
 * Anything else that is thrown is a fault of ours, and is masked.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetail[] | undefined;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetail[]; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.details = options.details?.slice(0, maxDetails);
  }
}

/**
 * `invalid_request` for all that is wrong with parts of a request.
 * @param part what they are parts of, as `query parameter` or `field`
 * @param count how many there are, where `details` holds the first of them alone
 */
export const invalidRequest = (
  part: string,
  details: [ErrorDetail, ...ErrorDetail[]],
  count = details.length,
): ApiError => new ApiError('invalid_request', sentenceOf(part, details[0], count), { details });
