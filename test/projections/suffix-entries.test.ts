import { describe, expect, test } from '@jest/globals';
import { searchableText } from '../../lib/channels/searchable-text.ts';
import {
  allSuffixEntries,
  entriesContaining,
  idOfEntry,
  suffixEntries,
} from '../../lib/projections/search-index/suffix-entries.ts';
import { foldText } from '../../lib/text/fold.ts';

const id = '60f1b2b3c9e9a12345678901';
const suffixes = (name: string) =>
  suffixEntries('acme', id, foldText(name)).map(({ sk }) => sk.slice(0, sk.indexOf('\u0000')));

describe('the suffix entries of a channel', () => {
  test('contain every suffix of every word once, with the whole name', () => {
    expect(suffixes('Shop shop op')).toEqual(['shop', 'hop', 'op', 'p']);
    expect(suffixEntries('acme', id, 'a b')).toEqual([
      { pk: 'SUFFIX#acme#1', sk: `a\u0000${id}`, name: 'a b' },
      { pk: 'SUFFIX#acme#2', sk: `b\u0000${id}`, name: 'a b' },
    ]);
  });

  test('contain the suffixes of both names, each with both names', () => {
    expect(suffixEntries('acme', id, searchableText({ name: 'Ab', local_name: 'b قناة' }))).toEqual(
      ['ab', 'b', 'قناه', 'ناه', 'اه', 'ه'].map((suffix) => ({
        pk: expect.stringMatching(/^SUFFIX#acme#\d+$/),
        sk: `${suffix}\u0000${id}`,
        name: 'ab\nb قناه',
      })),
    );
  });

  test('are at most as many as its letters, and name their channel', () => {
    expect(suffixes('Retail Channel 00001')).toHaveLength(17);
    expect(suffixEntries('acme', id, 'a').map(({ sk }) => idOfEntry(sk))).toEqual([id]);
  });

  test('are in the partition that a search for them reads, which is one of 16', () => {
    const entries = suffixEntries('acme', id, foldText('Retail قناة التجزئة 24 \u{20000}'));
    for (const { pk, sk } of entries)
      expect(entriesContaining('acme', sk).ExpressionAttributeValues[':pk']).toBe(pk);
    const all = allSuffixEntries('acme').map(
      ({ ExpressionAttributeValues }) => ExpressionAttributeValues[':pk'],
    );
    expect([all.length, new Set(all).size]).toEqual([16, 16]);
    expect(all).toEqual(expect.arrayContaining(entries.map(({ pk }) => pk)));
  });

  test('are cut after 64 characters, never inside a character', () => {
    expect(suffixes('\u{20000}b')).toEqual(['\u{20000}b', 'b']);
    const [longest = ''] = suffixes('\u{20000}'.repeat(256));
    expect(longest).toBe('\u{20000}'.repeat(64));
  });
});
