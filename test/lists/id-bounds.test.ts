import { describe, expect, test } from '@jest/globals';
import { above, below, allIds, isEmpty } from '../../lib/channels/id-range.ts';
import { ApiError } from '../../lib/errors.ts';
import { idRangeBetween, readIdBound } from '../../lib/lists/plan/id-bounds.ts';

const id = (end: string) => end.padStart(24, '0');

describe('a range of ids', () => {
  test('above and below an id leaves the id out', () => {
    expect(above(id('0f'), allIds)).toEqual({ first: id('10'), last: 'f'.repeat(24) });
    expect(below(id('10'), allIds)).toEqual({ first: id('00'), last: id('0f') });
  });

  test('never grows', () => {
    const range = { first: id('10'), last: id('20') };
    expect(above(id('05'), range)).toEqual(range);
    expect(below(id('30'), range)).toEqual(range);
  });

  test('above the highest and below the lowest id is empty', () => {
    expect(isEmpty(above('f'.repeat(24), allIds))).toBe(true);
    expect(isEmpty(below('0'.repeat(24), allIds))).toBe(true);
    expect(isEmpty(allIds)).toBe(false);
  });

  test('between neighbours is empty', () => {
    expect(isEmpty(idRangeBetween({ id: id('10') }, { id: id('11') }))).toBe(true);
    expect(isEmpty(idRangeBetween({ id: id('10') }, { id: id('12') }))).toBe(false);
  });

  // Of ids 10, 20, 30: the gap behind 20 of an ascending list lies between 20 and 30, of a descending one between 10 and 20.
  test.each([
    ['after', false, ['30'], ['10', '20']],
    ['before', false, ['20', '30'], ['10']],
    ['after', true, ['20', '30'], ['10']],
    ['before', true, ['30'], ['10', '20']],
  ] as const)('has all on one side of a gap %s 20, descending %s', (side, descending, from, to) => {
    const mark = { gap: { position: [id('20')], side }, descending };
    const within = (range: { first: string; last: string }) =>
      ['10', '20', '30'].filter((end) => range.first <= id(end) && id(end) <= range.last);
    expect(within(idRangeBetween(mark, undefined))).toEqual(from);
    expect(within(idRangeBetween(undefined, mark))).toEqual(to);
  });
});

describe('from__id and to__id', () => {
  const cursor = (order: string) => () => ({ order, position: [id('20')], side: 'after' as const });

  test('take an id in any case', () => {
    expect(readIdBound('60F1B2B3C9E9A12345678901', cursor('_id'))).toEqual({
      id: '60f1b2b3c9e9a12345678901',
    });
  });

  test('take a cursor of a list by id', () => {
    const gap = expect.objectContaining({ position: [id('20')], side: 'after' });
    expect(readIdBound('cursor', cursor('_id'))).toEqual({ gap, descending: false });
    expect(readIdBound('cursor', cursor('-_id'))).toEqual({ gap, descending: true });
  });

  test('take no cursor of a list in another order', () => {
    const refused = new ApiError('invalid_cursor', 'The cursor is of a list in another order than by "_id".');
    expect(() => readIdBound('cursor', cursor('name,_id'))).toThrow(refused);
  });
});
