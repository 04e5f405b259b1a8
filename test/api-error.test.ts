import { expect, test } from '@jest/globals';
import { invalidRequest } from '../lib/api-error.ts';

test('an error shows only the first 256 characters of each path, so that a long key cannot make a response too large', () => {
  const path = 'x'.repeat(100_000);
  const details = Array.from({ length: 100 }, () => ({ path, message: 'is wrong' }));

  const error = invalidRequest('field', details as [(typeof details)[0]]);

  const shown = `${'x'.repeat(256)}…`;
  expect(error.details).toEqual(details.map(({ message }) => ({ path: shown, message })));
  expect(error.message).toBe(
    `The field "${shown}" is wrong. This is the first of 100 problems: see the details.`,
  );
});
