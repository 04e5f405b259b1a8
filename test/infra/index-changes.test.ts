import { describe, expect, it } from '@jest/globals';
import { indexChanges, type TableSchema } from './index-changes.ts';

const index = (IndexName: string, key = 'pk', ProjectionType = 'ALL') => ({
  IndexName,
  KeySchema: [{ AttributeName: key, KeyType: 'HASH' as const }],
  Projection: { ProjectionType },
});
const table = (...indexes: ReturnType<typeof index>[]): TableSchema => ({
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  ...(indexes.length && { GlobalSecondaryIndexes: indexes }),
});

describe('indexChanges', () => {
  it.each([
    ['no step if nothing changed', table(index('a')), table(index('a')), []],
    ['no step if only the order changed', table(index('a'), index('b')), table(index('b'), index('a')), []],
    ['one step to add an index', table(), table(index('a')), ['add a']],
    ['one step to remove an index', table(index('a'), index('b')), table(index('b')), ['remove a']],
    ['two steps to add two indexes', table(), table(index('a'), index('b')), ['add a', 'add b']],
    ['two steps if an index has another name', table(index('a')), table(index('b')), ['remove a', 'add b']],
    [
      'two steps if an index has another key',
      table(index('a')),
      table(index('a', 'name')),
      ['remove a', 'add a'],
    ],
    [
      'two steps if an index has another projection',
      table(index('a')),
      table(index('a', 'pk', 'KEYS_ONLY')),
      ['remove a', 'add a'],
    ],
  ])('returns %s', (_, before, after, changes) => {
    expect(indexChanges(before, after)).toEqual(changes);
  });
});
