import { describe, expect, test } from '@jest/globals';
import { linkHeader } from '../../lib/lists/link-header.ts';
import type { Pagination } from '../../lib/lists/pagination.ts';

/** The links of a list in which page numbers reach the 10,000th channel. */
const linksOf = (url: string, query: string, pagination: Pagination) =>
  linkHeader(url, query, pagination, 10_000);

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

describe('The Link header of a page', () => {
  const first = '<?page=1>; rel="first"';
  const prev = '<?cursor=PREV>; rel="prev"';
  const next = '<?cursor=NEXT>; rel="next"';
  const last = '<?page=3>; rel="last"';

  test.each<[string, Pagination, string[]]>([
    ['a page in the middle', middle, [first, prev, next, last]],
    ['a first page', without('prev_cursor'), [first, next, last]],
    ['a last page', without('next_cursor'), [first, prev, last]],
    ['an empty list', { ...without('prev_cursor', 'next_cursor'), total_page: 0 }, [first]],
  ])('of %s has links to the pages that exist', (_, pagination, links) => {
    expect(linksOf('', '', pagination)).toBe(links.join(', '));
  });

  test.each([
    [10_000, 'page=400'],
    [10_001, undefined],
  ])('of a list of %d channels names the last page only if a page number reaches it', (total, last) => {
    const header = linksOf('', '', { ...middle, total, total_page: Math.ceil(total / 25) });
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
    // The text stays as it was written. It is not decoded and encoded again.
    [
      'search=a+b%20c&name[]=%D9%82&name%5B%5D=x%2Cy,z&integration_meta.a=%3d=',
      'search=a+b%20c&name[]=%D9%82&name%5B%5D=x%2Cy,z&integration_meta.a=%3d=&',
    ],
    ['name=b&name=a&name=b', 'name=b&name=a&name=b&'],
  ])('keeps all parameters of %s except page and cursor, as the client wrote them', (rawQueryString, kept) => {
    expect(linksOf('https://api.example.com/v1/client-channel', rawQueryString, middle)).toBe(
      [
        `<https://api.example.com/v1/client-channel?${kept}page=1>; rel="first"`,
        `<https://api.example.com/v1/client-channel?${kept}cursor=PREV>; rel="prev"`,
        `<https://api.example.com/v1/client-channel?${kept}cursor=NEXT>; rel="next"`,
        `<https://api.example.com/v1/client-channel?${kept}page=3>; rel="last"`,
      ].join(', '),
    );
  });

  test('resolves to the same list behind any path prefix if it is relative', () => {
    const [, relative = ''] =
      /<(\?[^>]*)>; rel="next"/.exec(linksOf('', 'per_page=5&page=2', middle) ?? '') ?? [];
    expect(new URL(relative, 'https://example.com/erp/v1/client-channel?per_page=5&page=2').href).toBe(
      'https://example.com/erp/v1/client-channel?per_page=5&cursor=NEXT',
    );
  });

  test('encodes < and > in a parameter, because clients find the links by them', () => {
    const [first, ...others] = linksOf('', 'search=a>b,<c', middle)?.split(/, *</) ?? [];
    expect([first, others.length]).toEqual(['<?search=a%3Eb,%3Cc&page=1>; rel="first"', 3]);
  });

  describe('is limited in size:', () => {
    const onlyFirst = { ...without('prev_cursor', 'next_cursor'), total_page: 0 };
    const frameLength = '</c?search=&page=1>; rel="first"'.length;

    test('a header of 4 KB is sent', () => {
      const text = 'x'.repeat(4_096 - frameLength);
      expect(linksOf('/c', `search=${text}`, onlyFirst)).toBe(`</c?search=${text}&page=1>; rel="first"`);
    });

    test.each([
      ['of more than 4 KB', 'x'.repeat(4_097 - frameLength)],
      ['of more than 4 KB in bytes, but not in characters,', 'é'.repeat(2_048)],
    ])('a header %s is left out', (_, text) => {
      expect(linksOf('/c', `search=${text}`, onlyFirst)).toBeUndefined();
    });
  });
});
