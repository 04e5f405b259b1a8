import { ApiError } from '../errors.ts';

const causes = (error: unknown): object[] => {
  if (typeof error !== 'object' || error === null)
    return error === undefined ? [] : [{ message: String(error) }];
  const { name, message, stack, cause } = error as Error;
  return [{ name, message, stack }, ...causes(cause)];
};

/**
 * One line of JSON for each failure that somebody may have to look into, under the id that the client was given. What
 * a client did wrong is the client's business and leaves no line; keys and bodies are never in one.
 */
export const logFailure = (error: unknown, requestId: string): void => {
  if (error instanceof ApiError && !['unavailable', 'too_many_requests'].includes(error.code)) return;
  console.error(JSON.stringify({ level: 'error', request_id: requestId, causes: causes(error) }));
};
