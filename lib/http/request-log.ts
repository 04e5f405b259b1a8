import { ApiError } from '../api-error.ts';
import { logFailure, logLine } from '../log.ts';
import type { OperationName } from '../manifest/operations.ts';

/**
 * Logs a failure that an operator may have to look into, under the request id that the client got. Errors of the client and
 * write conflicts are not logged. The line never contains keys or bodies.
 */
export const logRequestFailure = (requestId: string, error: unknown): void => {
  if (error instanceof ApiError && !['unavailable', 'too_many_requests'].includes(error.code)) return;
  logFailure({ request_id: requestId }, error);
};

/** The outcome and the cost of a request. */
export interface RequestLine {
  /** The client's own id, or the gateway's. */
  request_id: string;
  /** The id in the gateway's log. */
  gateway_request_id: string | undefined;
  /** Absent if the caller was not authenticated. */
  key_id: string | undefined;
  namespace: string | undefined;
  operation: OperationName;
  status: number | undefined;
  duration_ms: number;
  /** Round trips to DynamoDB, and the capacity units that it counted. */
  calls: number;
  rcu: number;
  wcu: number;
}

/** Logs one line for a request that reached a function. The line never contains paths, queries, keys or bodies. */
export const logRequest = (line: RequestLine): void => logLine(line);
