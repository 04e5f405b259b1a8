import { describe, expect, test } from '@jest/globals';
import { above, everyId, type IdRange } from '../../lib/channels/id-range.ts';
import type { ListFilter } from '../../lib/lists/list-query.ts';
import { toOrder } from '../../lib/lists/order.ts';
import { type Plan, planList } from '../../lib/lists/plan.ts';

const id = '60f1b2b3c9e9a12345678901';
const bounded = above(id, everyId);
const byId = toOrder([{ field: '_id', descending: false }]);
const newestFirst = toOrder([{ field: 'createdAt', descending: true }]);
const byName = toOrder([{ field: 'name', descending: false }]);
const empty: IdRange = { first: 'f'.repeat(24), last: '0'.repeat(24) };
const gather: Plan = { read: 'gather', range: everyId };

describe('the plan of a list', () => {
  test.each<[string, ListFilter, IdRange, typeof byId, Plan]>([
    [
      'all channels',
      {},
      everyId,
      byId,
      { read: 'walk', range: everyId, descending: false, total: 'counters' },
    ],
    [
      'the newest',
      {},
      everyId,
      newestFirst,
      { read: 'walk', range: everyId, descending: true, total: 'counters' },
    ],
    [
      'from an id',
      { after: id },
      bounded,
      byId,
      { read: 'walk', range: bounded, descending: false, total: 'count' },
    ],
    ['by name', {}, everyId, byName, gather],
    ['a filter', { disabled: true }, everyId, byId, gather],
    ['a search', { words: ['x'] }, everyId, byId, gather],
    ['ids', { ids: [id, 'malformed'] }, everyId, byId, { read: 'ids', ids: [id] }],
    ['ids out of range', { ids: [id], after: id }, bounded, byId, { read: 'nothing' }],
    ['no ids', { ids: [] }, everyId, byId, { read: 'nothing' }],
    ['no names', { names: [] }, everyId, byId, { read: 'nothing' }],
    ['an empty range', {}, empty, byId, { read: 'nothing' }],
  ])('of %s', (_, filter, range, order, plan) => {
    expect(planList(filter, range, order)).toEqual(plan);
  });
});

describe('an order', () => {
  test('ends with the id, in the direction of the last field', () => {
    expect(
      toOrder([
        { field: 'name', descending: false },
        { field: 'updatedAt', descending: true },
      ]),
    ).toEqual([
      { field: 'name', descending: false },
      { field: 'updatedAt', descending: true },
      { field: '_id', descending: true },
    ]);
  });

  const createdAt = { field: 'createdAt', descending: true } as const;
  const name = { field: 'name', descending: false } as const;
  const id = { field: '_id', descending: true } as const;

  test('knows nothing behind the id', () => {
    expect(toOrder([id, name])).toEqual([id]);
  });

  test('needs no createdAt right before the id, which sorts as it does', () => {
    expect(toOrder([createdAt])).toEqual([id]);
    expect(toOrder([name, createdAt, id])).toEqual([name, id]);
  });

  test('keeps createdAt where something else parts channels of one millisecond', () => {
    expect(toOrder([createdAt, name])).toEqual([createdAt, name, { field: '_id', descending: false }]);
    const upwards = { field: '_id', descending: false } as const;
    expect(toOrder([createdAt, upwards])).toEqual([createdAt, upwards]);
  });
});
