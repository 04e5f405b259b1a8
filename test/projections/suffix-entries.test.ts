import { describe, expect, test } from '@jest/globals';
import { allSuffixEntries, entriesContaining, suffixEntries, idOfEntry } from '../../lib/projections/search-index/suffix-entries.ts';
import { foldText } from '../../lib/text/fold.ts';

const id = '60f1b2b3c9e9a12345678901';
const suffixes = (name: string) =>
  suffixEntries('acme', id, foldText(name)).map(({ sk }) => sk.slice(0, sk.indexOf('\u0000')));

describe('the entries of a name', () => {
  test('are every suffix of every word, once, with the whole name', () => {
    expect(suffixes('Shop shop op')).toEqual(['shop', 'hop', 'op', 'p']);
    expect(suffixEntries('acme', id, 'a b')).toEqual([
      { pk: 'WORDS#acme#1', sk: `a\u0000${id}`, name: 'a b' },
      { pk: 'WORDS#acme#2', sk: `b\u0000${id}`, name: 'a b' },
    ]);
  });

  test('are as many as its letters at most, and tell their channel', () => {
    expect(suffixes('Retail Channel 00001')).toHaveLength(17);
    expect(suffixEntries('acme', id, 'a').map(({ sk }) => idOfEntry(sk))).toEqual([id]);
  });

  test('stand in the partition that is asked for what begins like them, and all of them are in one of 16', () => {
    const entries = suffixEntries('acme', id, foldText('Retail قناة التجزئة 24 \u{20000}'));
    for (const { pk, sk } of entries)
      expect(entriesContaining('acme', sk).ExpressionAttributeValues[':pk']).toBe(pk);
    const all = allSuffixEntries('acme').map(({ ExpressionAttributeValues }) => ExpressionAttributeValues[':pk']);
    expect([all.length, new Set(all).size]).toEqual([16, 16]);
    expect(all).toEqual(expect.arrayContaining(entries.map(({ pk }) => pk)));
  });

  test('end between two characters, after 64 of them', () => {
    expect(suffixes('\u{20000}b')).toEqual(['\u{20000}b', 'b']);
    const [longest = ''] = suffixes('\u{20000}'.repeat(256));
    expect(longest).toBe('\u{20000}'.repeat(64));
  });
});
