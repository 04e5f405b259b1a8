import { ApiError } from '../errors.ts';
import * as log from '../log.ts';
import type { OperationName } from '../manifest/operations.ts';

/**
 * One line for each failure that somebody may have to look into, under the id that the client was given. What a client
 * did wrong is the client's business and leaves no line; keys and bodies are never in one.
 */
export const logRequestFailure = (error: unknown, requestId: string): void => {
  if (error instanceof ApiError && !['unavailable', 'too_many_requests'].includes(error.code)) return;
  log.logFailure({ request_id: requestId }, error);
};

/** How a request went, and what it cost. Of who asked, the key's id and the namespace, and those only once let in. */
export interface RequestLine {
  /** The client's own id, or the gateway's. */
  request_id: string;
  /** The id in the gateway's log. */
  gateway_request_id: string | undefined;
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

/** One line for each request that reached a function; paths, queries, keys and bodies are never in it. */
export const logRequest = (line: RequestLine): void => log.logLine(line);
