import { expect, test } from '@jest/globals';
import { toDocument } from '../../lib/channels/channel.ts';
import { channelOf } from '../support/seed.ts';
import { type CopyStates, judgeCopy } from './judge-copies.ts';

/** A channel that is in `here`, leaves it with version 2, comes back with version 3, and is deleted with version 5. */
const versionOf = (__v: number) =>
  toDocument(channelOf(1, { __v, company_namespace: __v === 2 ? ['there'] : ['here'] }));
const documents = new Map([
  ...[0, 1, 2, 3, 4].map((version) => [version, versionOf(version)] as const),
  [5, undefined] as const,
]);
const judge = (...states: CopyStates) => judgeCopy('here', 'x', states, documents);
const [zero, one, two, three, four] = [0, 1, 2, 3, 4].map(versionOf);
const absent = undefined;

test.each<[string, CopyStates]>([
  ['all versions', [zero, one, absent, three, four, absent]],
  ['some versions', [one, four]],
  ['repeats', [zero, zero, one, one, absent, absent, three, three, absent, absent]],
  ['a version without the absence before it', [one, three]],
  ['an absence before the creation', [absent, zero]],
  ['only the last absence', [absent]],
])('a copy is right if it has %s', (_, states) => {
  expect(judge(...states)).toEqual([]);
});

test.each<[string, CopyStates, string]>([
  ['goes back', [one, zero], 'goes back from version 1 to 0'],
  ['goes back to a version before an absence', [absent, one, absent, one], 'goes back from version 2 to 1'],
  ['has a channel again that was deleted', [four, absent, four], 'goes back from version 5 to 4'],
  [
    'has a version with other content',
    [{ ...zero, name: 'x' } as typeof zero],
    'never had version 0 that follows version -1',
  ],
  ['has a version that is not there', [versionOf(6)], 'never had version 6 that follows version -1'],
  ['has a version of another namespace', [two], 'was not there in version 2'],
])('a copy is wrong if it %s', (_, states, sentence) => {
  expect(judge(...states)).toEqual([`here: x ${sentence}`]);
});

test('a copy is wrong if it drops a channel that did not leave', () => {
  const versions = new Map([0, 1].map((version) => [version, versionOf(version)] as const));

  expect(judgeCopy('here', 'x', [zero, absent, one], versions)).toEqual([
    'here: x never had the absence that follows version 0',
  ]);
});
