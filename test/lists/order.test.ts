import { describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import {
  compareSortValues,
  isAfter,
  type OrderTerm,
  orderText,
  sortValuesOf,
  toOrder,
} from '../../lib/lists/plan/order.ts';
import { channelOf, idAt, seededAt } from '../support/seed.ts';

// The tests of `toOrder` are in plan.test.ts.

const asc = (field: OrderTerm['field']): OrderTerm => ({ field, descending: false });
const desc = (field: OrderTerm['field']): OrderTerm => ({ field, descending: true });
const inOrder = (channels: Channel[], ...sort: OrderTerm[]) => {
  const order = toOrder(sort);
  return channels.toSorted((a, b) =>
    compareSortValues(sortValuesOf(a, order), sortValuesOf(b, order), order),
  );
};
const named = (...names: string[]) => names.map((name, index) => channelOf(index + 1, { name }));
/** A text of this many bytes of UTF-8: one letter, repeated. */
const bytes = (count: number, letter = 'a') => letter.repeat(count / Buffer.byteLength(letter));

describe('The order of a list', () => {
  const [first, second, third] = [
    channelOf(1, { name: 'b', local_name: 'x', disabled: true, updatedAt: 3_000 }),
    channelOf(2, { name: 'É', updatedAt: 1_000 }),
    channelOf(3, { name: 'a', local_name: 'a', updatedAt: 2_000 }),
  ] as [Channel, Channel, Channel];
  const channels = [second, third, first];

  test.each<[OrderTerm['field'], Channel[]]>([
    ['_id', [first, second, third]],
    ['name', [third, first, second]],
    // Missing values come first.
    ['local_name', [second, third, first]],
    ['disabled', [second, third, first]],
    ['createdAt', [first, second, third]],
    ['updatedAt', [second, third, first]],
  ])('by %s is the order of the values, and descending is the exact reverse', (field, ascending) => {
    for (const given of [channels, channels.toReversed()]) {
      expect(inOrder(given, asc(field))).toEqual(ascending);
      expect(inOrder(given, desc(field))).toEqual(ascending.toReversed());
    }
  });

  test('is decided by ids if values are equal, in the direction of the last field', () => {
    const [one, two, other] = named('Rétail', 'retail', 'x') as [Channel, Channel, Channel];
    expect(inOrder([two, other, one], asc('name'))).toEqual([one, two, other]);
    expect(inOrder([one, other, two], desc('name'))).toEqual([other, two, one]);
    expect(inOrder([one, two, other], asc('name'), desc('disabled'))).toEqual([two, one, other]);
  });

  test('by several fields is decided by the first field that differs, each field in its own direction', () => {
    const [one, two, three] = [
      channelOf(1, { name: 'a', updatedAt: 1_000 }),
      channelOf(2, { name: 'a', updatedAt: 2_000 }),
      channelOf(3, { name: 'b', updatedAt: 3_000 }),
    ] as [Channel, Channel, Channel];
    expect(inOrder([one, two, three], asc('name'), desc('updatedAt'))).toEqual([two, one, three]);
    expect(inOrder([one, two, three], desc('name'), asc('updatedAt'))).toEqual([three, one, two]);
  });

  test('compares texts by their bytes in UTF-8, not by UTF-16', () => {
    const [emoji, late] = named('😀', '\uE000') as [Channel, Channel];
    expect(inOrder([emoji, late], asc('name'))).toEqual([late, emoji]);
  });

  test('compares only the first 900 bytes of a text', () => {
    const long = named(`${bytes(900)}b`, `${bytes(900)}a`, bytes(900));
    expect(inOrder(long.toReversed(), asc('name'))).toEqual(long);
    const [differs, alike] = named(`${bytes(899)}b`, `${bytes(899)}a`) as [Channel, Channel];
    expect(inOrder([differs, alike], asc('name'))).toEqual([alike, differs]);
  });
});

describe('sortValuesOf', () => {
  test('gives the value of each field of the order, and null for a missing value', () => {
    const channel = channelOf(7, { name: ' Rétail  قناة ', disabled: true, updatedAt: seededAt + 9 });
    const order = toOrder([
      asc('name'),
      asc('local_name'),
      asc('disabled'),
      asc('createdAt'),
      asc('updatedAt'),
    ]);
    expect(sortValuesOf(channel, order)).toEqual([
      'retail قناه',
      null,
      true,
      seededAt + 7,
      seededAt + 9,
      idAt(seededAt + 7, 7),
    ]);
  });

  test('folds a local name', () => {
    expect(sortValuesOf(channelOf(1, { local_name: 'Québec' }), [asc('local_name')])).toEqual(['quebec']);
  });

  test('cuts a long name to at most 900 bytes, between two characters', () => {
    const values = [bytes(1_000), `x${bytes(1_200, 'ق')}`].map(
      (name) => sortValuesOf(channelOf(1, { name }), [asc('name')])[0],
    );
    expect(values).toEqual([bytes(900), `x${bytes(898, 'ق')}`]);
  });
});

describe('orderText', () => {
  test('is different for different fields or directions', () => {
    expect(orderText(toOrder([desc('name'), asc('updatedAt')]))).toBe('-name,updatedAt,_id');
    expect(orderText(toOrder([asc('name'), desc('updatedAt')]))).toBe('name,-updatedAt,-_id');
  });

  test('is the same for two sorts with the same order', () => {
    expect(orderText(toOrder([desc('createdAt')]))).toBe(orderText(toOrder([desc('_id'), asc('name')])));
  });
});

describe('isAfter finds the channels after a position', () => {
  const channels = named('a', 'b', 'b', 'c');
  const channelsAfter = (side: 'before' | 'after', ...sort: OrderTerm[]) => {
    const order = toOrder(sort);
    const position = { sortValues: sortValuesOf(channels[1] as Channel, order), side };
    return channels.filter((channel) => isAfter(sortValuesOf(channel, order), position, order));
  };
  const [a, b, secondB, c] = channels;

  test('a position after a channel excludes the channel', () => {
    expect(channelsAfter('after', asc('name'))).toEqual([secondB, c]);
    expect(channelsAfter('after', desc('name'))).toEqual([a]);
  });

  test('a position before a channel includes the channel', () => {
    expect(channelsAfter('before', asc('name'))).toEqual([b, secondB, c]);
    expect(channelsAfter('before', desc('name'))).toEqual([a, b]);
  });

  test('the channel of the position need not exist any more', () => {
    const order = toOrder([asc('local_name')]);
    const position = { sortValues: [null, idAt(seededAt + 2, 9)], side: 'after' as const };
    expect(channels.filter((channel) => isAfter(sortValuesOf(channel, order), position, order))).toEqual([
      secondB,
      c,
    ]);
  });
});
