import { describe, expect, test } from '@jest/globals';
import { above, allIds, below, type IdRange } from '../../lib/channels/id-range.ts';
import { toOrder } from '../../lib/lists/plan/order.ts';
import { planList } from '../../lib/lists/plan/plan.ts';
import { parseListQuery } from '../../lib/lists/query/parse-list-query.ts';
import { describePlan } from '../support/describe-plan.ts';

const id = '60f1b2b3c9e9a12345678901';
const other = '60f1b2b3c9e9a12345678909';

/** The plan of a query string. `from__id` and `to__id` must be ids here, not cursors. */
const planOf = (query: string): string => {
  const { filter, sort } = parseListQuery(query);
  const { after, before } = filter;
  const from: IdRange = after === undefined ? allIds : above(after, allIds);
  const range = before === undefined ? from : below(before, from);
  return describePlan(planList(filter, range, toOrder(sort)));
};

describe('A list in the order of the partition or an index is scanned, and only the page is read', () => {
  test.each([
    ['', 'scan the partition upwards, total from the counters'],
    ['sort=-_id', 'scan the partition downwards, total from the counters'],
    ['sort=-createdAt', 'scan the partition downwards, total from the counters'],
    [
      `from__id=${id}`,
      'scan the partition from "60f1b2b3c9e9a12345678902" to "f…" upwards, total by counting',
    ],
    [
      `from__id=${id}&to__id=${other}&sort=-_id`,
      'scan the partition from "60f1b2b3c9e9a12345678902" to "60f1b2b3c9e9a12345678908" downwards, total by counting',
    ],
    ['sort=name', 'scan byName upwards, total from the counters'],
    ['sort=-name', 'scan byName downwards, total from the counters'],
    [
      'sortBy[0][field]=name&sortBy[0][type]=desc&sortBy[1][field]=createdAt&sortBy[1][type]=desc',
      'scan byName downwards, total from the counters',
    ],
    ['sort=updatedAt', 'scan byUpdatedAt upwards, total from the counters'],
    ['sort=-updatedAt', 'scan byUpdatedAt downwards, total from the counters'],
    [
      'from_updatedAt=1000&sort=updatedAt',
      'scan byUpdatedAt from 1001 upwards, total by counting it or the rest',
    ],
    [
      'from_updatedAt=1000&sort=-updatedAt',
      'scan byUpdatedAt from 1001 downwards, total by counting it or the rest',
    ],
    ['sort=disabled', 'scan byStatus upwards, total from the counters'],
    ['sort=-disabled', 'scan byStatus downwards, total from the counters'],
    ['disabled=false', 'scan byStatus from "active#0…" to "active#f…" upwards, total from the counters'],
    [
      'disabled=true&sort=-_id',
      'scan byStatus from "disabled#0…" to "disabled#f…" downwards, total from the counters',
    ],
    [
      'disabled=true&sortBy[0][field]=disabled&sortBy[0][type]=desc&sortBy[1][field]=_id&sortBy[1][type]=asc',
      'scan byStatus from "disabled#0…" to "disabled#f…" upwards, total from the counters',
    ],
    [
      `disabled=true&to__id=${id}`,
      'scan byStatus from "disabled#0…" to "disabled#60f1b2b3c9e9a12345678900" upwards, total by counting',
    ],
  ])('"%s": %s', (query, plan) => {
    expect(planOf(query)).toBe(plan);
  });
});

describe('Any other list is fetched, filtered and sorted', () => {
  const externalId = 'integration_meta.external_id=ch_1';
  const mixed = 'sortBy[0][field]=name&sortBy[0][type]=asc&sortBy[1][field]=_id&sortBy[1][type]=desc';
  test.each([
    // The condition that usually leaves the fewest channels decides: ids, external ids, names, time, status.
    [`_id=${id}&_id=${other}&name=a&${externalId}`, `get ${id}, ${other}`],
    [
      `${externalId}&integration_meta.id=5&name=a&from_updatedAt=1&disabled=true`,
      'look up external_id "ch_1", of the partition',
    ],
    [
      'integration_meta.external_id[]=ch_2&integration_meta.external_id[]=ch_1',
      'look up external_id "ch_1", "ch_2", of the partition',
    ],
    ['integration_meta={"id":[5,"a"]}&disabled=true', 'look up id "5", "a", of the partition'],
    [
      `integration_meta.id=5&from__id=${id}`,
      'look up id "5", of the partition from "60f1b2b3c9e9a12345678902" to "f…"',
    ],
    [
      'name=Rétail&name=retail&name=B&from_updatedAt=1&disabled=true',
      'fetch byName from "retail\\u00000…" to "retail\\u0000f…", byName from "b\\u00000…" to "b\\u0000f…", of the partition',
    ],
    [
      `name=a&to__id=${id}`,
      'fetch byName from "a\\u00000…" to "a\\u000060f1b2b3c9e9a12345678900", of the partition from "0…" to "60f1b2b3c9e9a12345678900"',
    ],
    ['name=a&sort=name', 'fetch byName from "a\\u00000…" to "a\\u0000f…", of the partition'],
    ['from_updatedAt=1000', 'fetch byUpdatedAt from 1001, of the partition'],
    ['from_updatedAt=1000&disabled=true&sort=updatedAt', 'fetch byUpdatedAt from 1001, of the partition'],
    [
      `from_updatedAt=1000&sort=updatedAt&to__id=${id}`,
      'fetch byUpdatedAt from 1001, of the partition from "0…" to "60f1b2b3c9e9a12345678900"',
    ],
    ['disabled=false&sort=name', 'fetch byStatus from "active#0…" to "active#f…", of the partition'],
    ['disabled=true&local_name=a', 'fetch byStatus from "disabled#0…" to "disabled#f…", of the partition'],
    [`from__id=${id}&sort=name`, 'fetch the partition from "60f1b2b3c9e9a12345678902" to "f…"'],
    ['local_name=a', 'fetch the partition'],
    ['sort=local_name', 'fetch the partition'],
    [mixed, 'fetch the partition'],
    ['integration_meta.a.external_id=x', 'fetch the partition'],
    ['integration_meta.other=x', 'fetch the partition'],
    ['integration_meta.other[]=x&integration_meta.other[]=y', 'fetch the partition'],
    [`search=a&_id=${id}`, `get ${id}`],
  ])('"%s": %s', (query, plan) => {
    expect(planOf(query)).toBe(plan);
  });
});

describe('A search reads the search index', () => {
  test.each([
    ['search=Rétail+shop', 'search "retail", "shop" in the partition'],
    ['search=a&sort=-name', 'search "a" in the partition'],
    [`search=a&from__id=${id}`, 'search "a" in the partition from "60f1b2b3c9e9a12345678902" to "f…"'],
    // These need fields that the search index does not have, so all channels that it finds are read. No filter makes a
    // search read an index, because an index lags.
    ['search=a&sort=updatedAt', 'search "a" in the partition, then filter and sort'],
    ['search=a&name=a&sort=name', 'search "a" in the partition, then filter and sort'],
    ['search=a&from_updatedAt=1', 'search "a" in the partition, then filter and sort'],
    [
      `search=a&disabled=true&to__id=${id}`,
      'search "a" in the partition from "0…" to "60f1b2b3c9e9a12345678900", then filter and sort',
    ],
    [
      'search=a&integration_meta.external_id=ch_1',
      'look up external_id "ch_1", else search "a" in the partition, then filter and sort',
    ],
  ])('"%s": %s', (query, plan) => {
    expect(planOf(query)).toBe(plan);
  });
});

describe('A list that nothing can match is not read', () => {
  test.each([
    '_id=[]',
    '_id=malformed',
    `_id=${id}&from__id=${id}`,
    'name=[]',
    'local_name=[]',
    `from__id=${'f'.repeat(24)}`,
    `from__id=${id}&to__id=${id}`,
    '_id[]=',
    'name[]=',
    'local_name[0]=',
    'integration_meta.external_id=[]',
    'integration_meta={"a":[]}',
    'integration_meta.a=[]&search=x',
    `integration_meta.a=[]&_id=${id}`,
  ])('"%s": read nothing', (query) => {
    expect(planOf(query)).toBe('read nothing');
  });

  test('malformed ids among others are not read', () => {
    expect(planOf(`_id=${id},malformed`)).toBe(`get ${id}`);
  });
});

describe('toOrder completes a sort to a total order', () => {
  test('the order ends with the id, in the direction of the last field', () => {
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

  test('fields after the id are left out', () => {
    expect(toOrder([id, name])).toEqual([id]);
  });

  test('createdAt directly before the id is left out, because ids sort by time of creation', () => {
    expect(toOrder([createdAt])).toEqual([id]);
    expect(toOrder([name, createdAt, id])).toEqual([name, id]);
  });

  test('createdAt stays if another field decides between channels of the same millisecond', () => {
    expect(toOrder([createdAt, name])).toEqual([createdAt, name, { field: '_id', descending: false }]);
    const upwards = { field: '_id', descending: false } as const;
    expect(toOrder([createdAt, upwards])).toEqual([createdAt, upwards]);
  });
});
