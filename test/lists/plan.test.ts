import { describe, expect, test } from '@jest/globals';
import { above, below, allIds, type IdRange } from '../../lib/channels/id-range.ts';
import { parseListQuery } from '../../lib/lists/query/list-query.ts';
import { toOrder } from '../../lib/lists/plan/order.ts';
import { planList } from '../../lib/lists/plan/plan.ts';
import { describePlan } from '../support/describe-plan.ts';

const id = '60f1b2b3c9e9a12345678901';
const other = '60f1b2b3c9e9a12345678909';

/** The plan of a query as a client writes it; of cursors in `from__id` and `to__id` nothing is said here. */
const planOf = (query: string): string => {
  const { filter, sort } = parseListQuery(query);
  const { after, before } = filter;
  const from: IdRange = after === undefined ? allIds : above(after, allIds);
  const range = before === undefined ? from : below(before, from);
  return describePlan(planList(filter, range, toOrder(sort)));
};

describe('a list is planned as a walk, which reads the page alone', () => {
  test.each([
    ['', 'walk the partition upwards, total from the counters'],
    ['sort=-_id', 'walk the partition downwards, total from the counters'],
    ['sort=-createdAt', 'walk the partition downwards, total from the counters'],
    [
      `from__id=${id}`,
      'walk the partition from "60f1b2b3c9e9a12345678902" to "f…" upwards, total by counting',
    ],
    [
      `from__id=${id}&to__id=${other}&sort=-_id`,
      'walk the partition from "60f1b2b3c9e9a12345678902" to "60f1b2b3c9e9a12345678908" downwards, total by counting',
    ],
    ['sort=name', 'walk byName upwards, total from the counters'],
    ['sort=-name', 'walk byName downwards, total from the counters'],
    [
      'sortBy[0][field]=name&sortBy[0][type]=desc&sortBy[1][field]=createdAt&sortBy[1][type]=desc',
      'walk byName downwards, total from the counters',
    ],
    ['sort=updatedAt', 'walk byUpdatedAt upwards, total from the counters'],
    ['sort=-updatedAt', 'walk byUpdatedAt downwards, total from the counters'],
    [
      'from_updatedAt=1000&sort=updatedAt',
      'walk byUpdatedAt from 1001 upwards, total by counting it or the rest',
    ],
    [
      'from_updatedAt=1000&sort=-updatedAt',
      'walk byUpdatedAt from 1001 downwards, total by counting it or the rest',
    ],
    ['sort=disabled', 'walk byStatus upwards, total from the counters'],
    ['sort=-disabled', 'walk byStatus downwards, total from the counters'],
    ['disabled=false', 'walk byStatus from "active#0…" to "active#f…" upwards, total from the counters'],
    [
      'disabled=true&sort=-_id',
      'walk byStatus from "disabled#0…" to "disabled#f…" downwards, total from the counters',
    ],
    [
      'disabled=true&sortBy[0][field]=disabled&sortBy[0][type]=desc&sortBy[1][field]=_id&sortBy[1][type]=asc',
      'walk byStatus from "disabled#0…" to "disabled#f…" upwards, total from the counters',
    ],
    [
      `disabled=true&to__id=${id}`,
      'walk byStatus from "disabled#0…" to "disabled#60f1b2b3c9e9a12345678900" upwards, total by counting',
    ],
  ])('%s', (query, plan) => {
    expect(planOf(query)).toBe(plan);
  });
});

describe('a list that nothing is in the order of is gathered, filtered and sorted', () => {
  const externalId = 'integration_meta.external_id=ch_1';
  const mixed = 'sortBy[0][field]=name&sortBy[0][type]=asc&sortBy[1][field]=_id&sortBy[1][type]=desc';
  test.each([
    // By the condition that as a rule leaves the least: ids, external ids, names, time, status.
    [`_id=${id}&_id=${other}&name=a&${externalId}`, `get ${id}, ${other}`],
    [
      `${externalId}&integration_meta.id=5&name=a&from_updatedAt=1&disabled=true`,
      'get what byExternalId names for "ch_1", of the partition',
    ],
    [
      `integration_meta.id=5&from__id=${id}`,
      'get what byMetaId names for "5", of the partition from "60f1b2b3c9e9a12345678902" to "f…"',
    ],
    [
      'name=Rétail&name=retail&name=B&from_updatedAt=1&disabled=true',
      'gather byName from "retail\\u00000…" to "retail\\u0000f…", byName from "b\\u00000…" to "b\\u0000f…", of the partition',
    ],
    [
      `name=a&to__id=${id}`,
      'gather byName from "a\\u00000…" to "a\\u000060f1b2b3c9e9a12345678900", of the partition from "0…" to "60f1b2b3c9e9a12345678900"',
    ],
    ['name=a&sort=name', 'gather byName from "a\\u00000…" to "a\\u0000f…", of the partition'],
    ['from_updatedAt=1000', 'gather byUpdatedAt from 1001, of the partition'],
    ['from_updatedAt=1000&disabled=true&sort=updatedAt', 'gather byUpdatedAt from 1001, of the partition'],
    [
      `from_updatedAt=1000&sort=updatedAt&to__id=${id}`,
      'gather byUpdatedAt from 1001, of the partition from "0…" to "60f1b2b3c9e9a12345678900"',
    ],
    ['disabled=false&sort=name', 'gather byStatus from "active#0…" to "active#f…", of the partition'],
    ['disabled=true&local_name=a', 'gather byStatus from "disabled#0…" to "disabled#f…", of the partition'],
    [`from__id=${id}&sort=name`, 'gather the partition from "60f1b2b3c9e9a12345678902" to "f…"'],
    ['local_name=a', 'gather the partition'],
    ['sort=local_name', 'gather the partition'],
    [mixed, 'gather the partition'],
    ['integration_meta.a.external_id=x', 'gather the partition'],
    ['integration_meta.other=x', 'gather the partition'],
    [`search=a&_id=${id}`, `get ${id}`],
  ])('%s', (query, plan) => {
    expect(planOf(query)).toBe(plan);
  });
});

describe('a search is planned by the directory', () => {
  test.each([
    ['search=Rétail+shop', 'search "retail", "shop" in the partition'],
    ['search=a&sort=-name', 'search "a" in the partition'],
    [`search=a&from__id=${id}`, 'search "a" in the partition from "60f1b2b3c9e9a12345678902" to "f…"'],
    // Which channels match, or in which order, is told by the channels alone.
    ['search=a&sort=updatedAt', 'search "a" in the partition, or gather the partition'],
    [
      'search=a&disabled=true',
      'search "a" in the partition, or gather byStatus from "disabled#0…" to "disabled#f…", of the partition',
    ],
    [
      'search=a&integration_meta.external_id=ch_1',
      'search "a" in the partition, or get what byExternalId names for "ch_1", of the partition',
    ],
  ])('%s', (query, plan) => {
    expect(planOf(query)).toBe(plan);
  });
});

describe('a list is not read where nothing can match', () => {
  test.each([
    '_id=[]',
    '_id=malformed',
    `_id=${id}&from__id=${id}`,
    'name=[]',
    'local_name=[]',
    `from__id=${'f'.repeat(24)}`,
    `from__id=${id}&to__id=${id}`,
    `from_updatedAt=${Number.MAX_SAFE_INTEGER}`,
  ])('%s', (query) => {
    expect(planOf(query)).toBe('read nothing');
  });

  test('not even what is malformed among ids', () => {
    expect(planOf(`_id=${id},malformed`)).toBe(`get ${id}`);
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
