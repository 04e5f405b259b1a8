import { ApiError } from '../../lib/errors.ts';

/** The error with which something is refused; anything else that is thrown is none, and nothing thrown neither. */
export const catchApiError = (run: () => unknown): ApiError => {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};
