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
    ['nothing', table(index('a')), table(index('a')), []],
    ['the order alone', table(index('a'), index('b')), table(index('b'), index('a')), []],
    ['one more', table(), table(index('a')), ['add a']],
    ['one less', table(index('a'), index('b')), table(index('b')), ['remove a']],
    ['two more', table(), table(index('a'), index('b')), ['add a', 'add b']],
    ['another name', table(index('a')), table(index('b')), ['remove a', 'add b']],
    ['another key', table(index('a')), table(index('a', 'name')), ['remove a', 'add a']],
    ['another projection', table(index('a')), table(index('a', 'pk', 'KEYS_ONLY')), ['remove a', 'add a']],
  ])('%s', (_, before, after, changes) => {
    expect(indexChanges(before, after)).toEqual(changes);
  });
});
