import type { ErrorBody } from './types.ts';

export type ErrorCode = ErrorBody['code'];
export type ErrorDetail = NonNullable<ErrorBody['details']>[number];

/** What the service, or the gateway before it, answered to a request that it did not carry out. */
export class ChannelsError extends Error {
  override readonly name = 'ChannelsError';
  readonly status: number;
  /** For programs; absent where the gateway answered on its own account. */
  readonly code: ErrorCode | undefined;
  /** Everything that is wrong, where several things can be. */
  readonly details: ErrorDetail[];
  /** Name it when you ask for help. */
  readonly requestId: string | undefined;
  /** Seconds to wait before the next try. */
  readonly retryAfter: number | undefined;

  constructor(answer: Response, body: Partial<ErrorBody> & { message?: string }) {
    super(body.error ?? body.message ?? `The service answered ${answer.status}.`);
    this.status = answer.status;
    this.code = body.code;
    this.details = body.details ?? [];
    this.requestId = body.request_id ?? answer.headers.get('x-request-id') ?? undefined;
    const seconds = Number.parseInt(answer.headers.get('retry-after') ?? '', 10);
    this.retryAfter = Number.isNaN(seconds) ? undefined : seconds;
  }
}

/** Reads an error from an answer, whoever gave it. */
export const readError = async (answer: Response): Promise<ChannelsError> =>
  new ChannelsError(answer, await answer.json().catch(() => ({})));
