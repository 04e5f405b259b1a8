import { describe, expect, it } from '@jest/globals';
import { matches } from '../../local/stream-filter.ts';

const record = {
  eventName: 'MODIFY',
  dynamodb: { Keys: { pk: { S: 'NS#acme' }, sk: { S: '~tombstone#63c3' } } },
};

describe('a filter pattern', () => {
  it.each([
    [{}, true],
    [{ eventName: ['MODIFY'] }, true],
    [{ eventName: ['INSERT', 'MODIFY'] }, true],
    [{ eventName: ['INSERT'] }, false],
    [{ eventName: ['MOD'] }, false],
    [{ eventName: [] }, false],
    [{ dynamodb: { Keys: { sk: { S: [{ prefix: '~tombstone#' }] } } } }, true],
    [{ dynamodb: { Keys: { sk: { S: [{ prefix: '0' }, { prefix: '~' }] } } } }, true],
    [{ dynamodb: { Keys: { sk: { S: [{ prefix: '!' }] } } } }, false],
    [{ eventName: ['MODIFY'], dynamodb: { Keys: { sk: { S: [{ prefix: '!' }] } } } }, false],
    [{ dynamodb: { Keys: { other: { S: [{ prefix: '' }] } } } }, false],
    [{ dynamodb: { Keys: [{ prefix: '' }] } }, false],
  ])('%j matches the record: %s', (pattern, expected) => {
    expect(matches(pattern, record)).toBe(expected);
  });
});
