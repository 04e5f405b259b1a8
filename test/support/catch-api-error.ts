import { ApiError } from '../../lib/api-error.ts';

/**
 * Runs a function that must throw an `ApiError`, and returns that error.
 * @throws any other error of the function, and an Error if the function returns
 */
export const catchApiError = (run: () => unknown): ApiError => {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('No ApiError was thrown');
};
