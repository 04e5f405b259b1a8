import { ApiError } from '../api-error.ts';
import { Throttled, Unavailable, WriteContention } from '../dynamodb/failures.ts';

/** Gives the failures of DynamoDB their codes and messages. Any other error comes back as it is. */
export const toApiError = (error: unknown): unknown => {
  if (error instanceof Throttled)
    return new ApiError('too_many_requests', 'Too many requests at once: try again in a moment.', {
      cause: error,
    });
  if (error instanceof WriteContention)
    return new ApiError(
      'conflict',
      'The channel is being changed by other requests: try again in a moment.',
      {
        cause: error,
      },
    );
  if (error instanceof Unavailable)
    return new ApiError('unavailable', 'The service is not available now: try again in a moment.', {
      cause: error,
    });
  return error;
};
