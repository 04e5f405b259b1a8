/** The error codes of the contract. `lib/http/error-statuses.ts` maps each code to its HTTP status. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_json'
  | 'invalid_cursor'
  | 'cursor_mismatch'
  | 'cursor_expired'
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

/**
 * One problem of a request. The path names the field or parameter: `integration_meta.a`, `per_page`. An error shows the first
 * 256 characters of it.
 */
export interface ErrorDetail {
  path: string;
  message: string;
}

/**
 * One error lists at most this number of problems. A body may have 10,000, and nobody reads so many messages.
 */
export const maxDetails = 100;

/** A path contains keys of any length, and one long key may be in a hundred paths. */
const maxPathCharacters = 256;

const shorten = (path: string): string =>
  path.length > maxPathCharacters ? `${path.slice(0, maxPathCharacters).toWellFormed()}…` : path;

/** Puts the first problem into a sentence, and says whether there are more. */
const describeProblems = (part: string, { path, message }: ErrorDetail, count: number): string => {
  const sentence = `The ${part} "${shorten(path)}" ${message}.`;
  if (count === 1) return sentence;
  const where = count > maxDetails ? `see the details, which are the first ${maxDetails}` : 'see the details';
  return `${sentence} This is the first of ${count} problems: ${where}.`;
};

/**
 * An error that the client receives. The message is for people and is sent unchanged. Any other error that is thrown is a
 * fault of the service: the client receives a masked `internal_error`.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetail[] | undefined;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetail[]; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.details = options.details
      ?.slice(0, maxDetails)
      .map(({ path, message }) => ({ path: shorten(path), message }));
  }
}

/**
 * Makes an `invalid_request` that lists the problems of a request.
 * @param part the word before a path in the message: `query parameter` or `field`
 * @param count the number of problems, if `details` contains only the first of them
 */
export const invalidRequest = (
  part: string,
  details: [ErrorDetail, ...ErrorDetail[]],
  count = details.length,
): ApiError => new ApiError('invalid_request', describeProblems(part, details[0], count), { details });
