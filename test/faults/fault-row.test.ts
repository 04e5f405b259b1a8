import { expect, test } from '@jest/globals';
import { judgeAnswers } from './fault-row.ts';

test.each([
  ['holds if at most three answers in a hundred are 503', true, 6, true],
  ['is not shown if more of them are 503', true, 7, undefined],
  ['does not hold if an answer is wrong, however many are 503', false, 100, false],
] as const)('a promise about all answers %s', (_rule, isRight, unknown, verdict) => {
  expect(judgeAnswers(isRight, unknown, 200)).toBe(verdict);
});
