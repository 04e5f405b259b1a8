import { expect, test } from '@jest/globals';
import { NumberedRecords } from '../../lib/projections/change-log/numbered-records.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

test('a record that was added is remembered, and no other', () => {
  const numbered = new NumberedRecords();
  numbered.add(['1', '2']);

  expect(['1', '2', '3'].map((each) => numbered.has(each))).toEqual([true, true, false]);
});

test('at most 10,000 records are remembered, and always those that were added last', () => {
  const numbered = new NumberedRecords();
  for (const each of upTo(25_000)) numbered.add([each]);

  const remembered = upTo(25_000).filter((each) => numbered.has(each));
  expect(remembered.length).toBeLessThanOrEqual(10_000);
  expect(remembered.at(-1)).toBe('24999');
});
