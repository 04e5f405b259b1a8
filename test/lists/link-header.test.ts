import { describe, expect, test } from '@jest/globals';
import { linkHeader as linksTo } from '../../lib/lists/link-header.ts';
import type { Pagination } from '../../lib/lists/pagination.ts';

/** A list in which a page by number shows the 10,000th channel at last. */
const linksOf = (path: string, query: string, pagination: Pagination) =>
  linksTo(path, query, pagination, 10_000);

const middle: Pagination = {
  page: 2,
  per_page: 25,
  pre_page: 1,
  next_page: 3,
  total: 60,
  total_page: 3,
  next_cursor: 'NEXT',
  prev_cursor: 'PREV',
};
const without = (...names: (keyof Pagination)[]) =>
  Object.fromEntries(
    Object.entries(middle).filter(([name]) => !names.includes(name as keyof Pagination)),
  ) as unknown as Pagination;

describe('the links of a page', () => {
  const first = '</client-channel?page=1>; rel="first"';
  const prev = '</client-channel?cursor=PREV>; rel="prev"';
  const next = '</client-channel?cursor=NEXT>; rel="next"';
  const last = '</client-channel?page=3>; rel="last"';

  test.each<[string, Pagination, string[]]>([
    ['in the middle', middle, [first, prev, next, last]],
    ['with none before it', without('prev_cursor'), [first, next, last]],
    ['with none behind it', without('next_cursor'), [first, prev, last]],
    ['of an empty list', { ...without('prev_cursor', 'next_cursor'), total_page: 0 }, [first]],
  ])('given one %s, are those that there are', (_, pagination, links) => {
    expect(linksOf('/client-channel', '', pagination)).toBe(links.join(', '));
  });

  test.each([
    [10_000, 'page=400'],
    [10_001, undefined],
  ])('of a list of %d, name the last page where it may be asked for', (total, last) => {
    const header = linksOf('/client-channel', '', { ...middle, total, total_page: Math.ceil(total / 25) });
    expect(/page=\d+(?=>; rel="last")/.exec(header ?? '')?.[0]).toBe(last);
  });

  test.each([
    ['page=2', ''],
    ['cursor=abc', ''],
    ['page', ''],
    ['p%61ge=2', ''],
    ['%63ursor=abc&c%75rsor', ''],
    ['per_page=5', 'per_page=5&'],
    ['per_page=5&page=2&name=page', 'per_page=5&name=page&'],
    ['pages=1&Page=1&xpage=1&cursors=1', 'pages=1&Page=1&xpage=1&cursors=1&'],
    ['&per_page=5&&', 'per_page=5&'],
    // As it was written, not decoded and encoded anew.
    [
      'search=a+b%20c&name[]=%D9%82&name%5B%5D=x%2Cy,z&integration_meta.a=%3d=',
      'search=a+b%20c&name[]=%D9%82&name%5B%5D=x%2Cy,z&integration_meta.a=%3d=&',
    ],
    ['name=b&name=a&name=b', 'name=b&name=a&name=b&'],
  ])('given %s, keep all but the page as it was written', (rawQueryString, kept) => {
    expect(linksOf('/v1/client-channel', rawQueryString, middle)).toBe(
      [
        `</v1/client-channel?${kept}page=1>; rel="first"`,
        `</v1/client-channel?${kept}cursor=PREV>; rel="prev"`,
        `</v1/client-channel?${kept}cursor=NEXT>; rel="next"`,
        `</v1/client-channel?${kept}page=3>; rel="last"`,
      ].join(', '),
    );
  });

  test('given what would end a link, write it so that it does not', () => {
    expect(linksOf('/client-channel', 'search=a>b', middle)?.split(', ')[0]).toBe(
      '</client-channel?search=a%3Eb&page=1>; rel="first"',
    );
  });

  describe('given their header', () => {
    const onlyFirst = { ...without('prev_cursor', 'next_cursor'), total_page: 0 };
    const rest = '</c?search=&page=1>; rel="first"'.length;

    test('takes 4 KB, are sent', () => {
      const text = 'x'.repeat(4_096 - rest);
      expect(linksOf('/c', `search=${text}`, onlyFirst)).toBe(`</c?search=${text}&page=1>; rel="first"`);
    });

    test.each([
      ['passes 4 KB', 'x'.repeat(4_097 - rest)],
      ['passes 4 KB in bytes though not in characters', 'é'.repeat(2_048)],
    ])('%s, are left out whole', (_, text) => {
      expect(linksOf('/c', `search=${text}`, onlyFirst)).toBeUndefined();
    });
  });
});
