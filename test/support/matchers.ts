import { expect } from '@jest/globals';

/** What can't be known beforehand, by its form. */
export const anId = expect.stringMatching(/^[0-9a-f]{24}$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const text = expect.stringMatching(/.+/);

/** The whole body of an error; the sentence and the details where a test is about them. */
export const errorBody = (code: string, error: unknown = text, details?: object[]) => ({
  success: false,
  error,
  code,
  ...(details && { details }),
  request_id: text,
});
