/** Why a row failed, where no operation on a single channel could fail so. */
export type RowErrorCode = 'ambiguous_match' | 'duplicate_in_request' | 'outside_where';

/** The codes of rows that fail. The other ones are error codes of a whole request, too. */
export const rowErrorCodes = [
  'invalid_request',
  'forbidden',
  'ambiguous_match',
  'duplicate_in_request',
  'outside_where',
  'conflict',
  'too_many_requests',
  'unavailable',
];

/** A row of an upsert that failed. The message is for people and is sent unchanged. */
export class RowError extends Error {
  readonly code: RowErrorCode;
  constructor(code: RowErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
