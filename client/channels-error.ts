import type { ErrorBody } from './types.ts';

export type ErrorCode = ErrorBody['code'];
export type ErrorDetail = NonNullable<ErrorBody['details']>[number];

/** An error response of the service, or of the gateway in front of it. */
export class ChannelsError extends Error {
  override readonly name = 'ChannelsError';
  readonly status: number;
  /** For programs. Absent if the response comes from the gateway. */
  readonly code: ErrorCode | undefined;
  /** The problems of the request, at most the first 100. Empty if the response lists none. */
  readonly details: ErrorDetail[];
  /** Quote it when you ask for help. */
  readonly requestId: string | undefined;
  /** Seconds to wait before the next try. */
  readonly retryAfter: number | undefined;

  constructor(response: Response, body: Partial<ErrorBody> & { message?: string }) {
    super(body.error ?? body.message ?? `The service answered ${response.status}.`);
    this.status = response.status;
    this.code = body.code;
    this.details = body.details ?? [];
    this.requestId = body.request_id ?? response.headers.get('x-request-id') ?? undefined;
    const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
    this.retryAfter = Number.isNaN(seconds) ? undefined : seconds;
  }
}

/** No response came: the service is not there, or the connection broke. A write may have been carried out. */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError';
}

/** The statuses of responses after which a request can succeed later. */
const temporaryStatuses = [429, 502, 503, 504];

/** Whether the same request can succeed later. */
export const isTemporary = (error: unknown): boolean =>
  error instanceof NoResponseError ||
  (error instanceof ChannelsError && temporaryStatuses.includes(error.status));

/** Reads an error from any response, also from one that is not JSON. */
export const readError = async (response: Response): Promise<ChannelsError> =>
  new ChannelsError(response, await response.json().catch(() => ({})));
