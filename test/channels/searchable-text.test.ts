import { describe, expect, test } from '@jest/globals';
import { nameIn, searchableText, wordsIn } from '../../lib/channels/searchable-text.ts';

describe('the searchable text of a channel', () => {
  test.each([
    ['one name', { name: 'Retail  Channel' }, 'retail channel', 'retail channel', ['retail', 'channel']],
    [
      'two names',
      { name: 'Retail Channel', local_name: 'قناة التجزئة' },
      'retail channel\nقناه التجزيه',
      'retail channel',
      ['retail', 'channel', 'قناه', 'التجزيه'],
    ],
    [
      'names that contain kinds of white space',
      { name: ' A\u2028B', local_name: 'C\u00a0D' },
      'a b\nc d',
      'a b',
      ['a', 'b', 'c', 'd'],
    ],
    ['two equal names', { name: 'A', local_name: 'a' }, 'a\na', 'a', ['a', 'a']],
  ])('holds %s, folded', (_, names, text, name, words) => {
    expect(searchableText(names)).toBe(text);
    expect([nameIn(text), wordsIn(text)]).toEqual([name, words]);
  });

  test('differs if a word moves from one name to the other', () => {
    expect(searchableText({ name: 'A B', local_name: 'C' })).not.toBe(
      searchableText({ name: 'A', local_name: 'B C' }),
    );
  });
});
