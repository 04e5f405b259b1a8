import { expect, test } from '@jest/globals';
import { RememberedRecords } from '../../lib/dynamodb/remembered-records.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

test('a record that was added is remembered, and no other', () => {
  const records = new RememberedRecords();
  records.add(['1', '2']);

  expect(['1', '2', '3'].map((each) => records.has(each))).toEqual([true, true, false]);
});

test('at most 10,000 records are remembered, and always those that were added last', () => {
  const records = new RememberedRecords();
  for (const each of upTo(25_000)) records.add([each]);

  const remembered = upTo(25_000).filter((each) => records.has(each));
  expect(remembered.length).toBeLessThanOrEqual(10_000);
  expect(remembered.at(-1)).toBe('24999');
});
