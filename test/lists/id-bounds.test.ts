import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../../lib/api-error.ts';
import { above, allIds, below, isEmpty } from '../../lib/channels/id-range.ts';
import { idRangeBetween, parseIdBound } from '../../lib/lists/plan/id-bounds.ts';

const id = (end: string) => end.padStart(24, '0');

describe('A range of ids', () => {
  test('above or below an id excludes the id', () => {
    expect(above(id('0f'), allIds)).toEqual({ first: id('10'), last: 'f'.repeat(24) });
    expect(below(id('10'), allIds)).toEqual({ first: id('00'), last: id('0f') });
  });

  test('is never extended by a bound outside of it', () => {
    const range = { first: id('10'), last: id('20') };
    expect(above(id('05'), range)).toEqual(range);
    expect(below(id('30'), range)).toEqual(range);
  });

  test('above the highest and below the lowest id is empty', () => {
    expect(isEmpty(above('f'.repeat(24), allIds))).toBe(true);
    expect(isEmpty(below('0'.repeat(24), allIds))).toBe(true);
    expect(isEmpty(allIds)).toBe(false);
  });

  test('between two neighbouring ids is empty', () => {
    expect(isEmpty(idRangeBetween({ id: id('10') }, { id: id('11') }))).toBe(true);
    expect(isEmpty(idRangeBetween({ id: id('10') }, { id: id('12') }))).toBe(false);
  });

  // The ids are 10, 20 and 30. In an ascending list, the position after 20 is between 20 and 30; in a descending list it is
  // between 10 and 20.
  test.each([
    ['after', false, ['30'], ['10', '20']],
    ['before', false, ['20', '30'], ['10']],
    ['after', true, ['20', '30'], ['10']],
    ['before', true, ['30'], ['10', '20']],
  ] as const)('bounded by the position %s 20 (descending: %s) holds %j as from__id, and %j as to__id', (side, descending, from, to) => {
    const bound = { position: { sortValues: [id('20')], side }, descending };
    const within = (range: { first: string; last: string }) =>
      ['10', '20', '30'].filter((end) => range.first <= id(end) && id(end) <= range.last);
    expect(within(idRangeBetween(bound, undefined))).toEqual(from);
    expect(within(idRangeBetween(undefined, bound))).toEqual(to);
  });
});

describe('from__id and to__id', () => {
  const openTo = (order: string) => () => ({ order, sortValues: [id('20')], side: 'after' as const });

  test('accept an id in upper or lower case', () => {
    expect(parseIdBound('60F1B2B3C9E9A12345678901', openTo('_id'))).toEqual({
      id: '60f1b2b3c9e9a12345678901',
    });
  });

  test('accept a cursor of a list sorted by _id', () => {
    const position = expect.objectContaining({ sortValues: [id('20')], side: 'after' });
    expect(parseIdBound('cursor', openTo('_id'))).toEqual({ position, descending: false });
    expect(parseIdBound('cursor', openTo('-_id'))).toEqual({ position, descending: true });
  });

  test('reject a cursor of a list in another order', () => {
    const error = new ApiError('invalid_cursor', 'The cursor belongs to a list that is not sorted by "_id".');
    expect(() => parseIdBound('cursor', openTo('name,_id'))).toThrow(error);
  });
});
