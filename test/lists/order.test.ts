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

// What `toOrder` leaves out of an order is told in plan.test.ts, beside what it spares.

const asc = (field: OrderTerm['field']): OrderTerm => ({ field, descending: false });
const desc = (field: OrderTerm['field']): OrderTerm => ({ field, descending: true });
const inOrder = (channels: Channel[], ...sort: OrderTerm[]) => {
  const order = toOrder(sort);
  return channels.toSorted((a, b) => compareSortValues(sortValuesOf(a, order), sortValuesOf(b, order), order));
};
const named = (...names: string[]) => names.map((name, index) => channelOf(index + 1, { name }));
/** A letter that takes so many bytes of UTF-8, so many times. */
const bytes = (count: number, letter = 'a') => letter.repeat(count / Buffer.byteLength(letter));

describe('the order of a list', () => {
  const [first, second, third] = [
    channelOf(1, { name: 'b', local_name: 'x', disabled: true, updatedAt: 3_000 }),
    channelOf(2, { name: 'É', updatedAt: 1_000 }),
    channelOf(3, { name: 'a', local_name: 'a', updatedAt: 2_000 }),
  ] as [Channel, Channel, Channel];
  const channels = [second, third, first];

  test.each<[OrderTerm['field'], Channel[]]>([
    ['_id', [first, second, third]],
    ['name', [third, first, second]],
    // What has none comes first.
    ['local_name', [second, third, first]],
    ['disabled', [second, third, first]],
    ['createdAt', [first, second, third]],
    ['updatedAt', [second, third, first]],
  ])('given %s, is that of its values, and descending the very reverse', (field, ascending) => {
    for (const given of [channels, channels.toReversed()]) {
      expect(inOrder(given, asc(field))).toEqual(ascending);
      expect(inOrder(given, desc(field))).toEqual(ascending.toReversed());
    }
  });

  test('given equal values, is that of the ids, in the direction of the last field', () => {
    const [one, two, other] = named('Rétail', 'retail', 'x') as [Channel, Channel, Channel];
    expect(inOrder([two, other, one], asc('name'))).toEqual([one, two, other]);
    expect(inOrder([one, other, two], desc('name'))).toEqual([other, two, one]);
    expect(inOrder([one, two, other], asc('name'), desc('disabled'))).toEqual([two, one, other]);
  });

  test('given several fields, is that of the first in which two differ, each in its own direction', () => {
    const [one, two, three] = [
      channelOf(1, { name: 'a', updatedAt: 1_000 }),
      channelOf(2, { name: 'a', updatedAt: 2_000 }),
      channelOf(3, { name: 'b', updatedAt: 3_000 }),
    ] as [Channel, Channel, Channel];
    expect(inOrder([one, two, three], asc('name'), desc('updatedAt'))).toEqual([two, one, three]);
    expect(inOrder([one, two, three], desc('name'), asc('updatedAt'))).toEqual([three, one, two]);
  });

  test('given texts, is that of their bytes in UTF-8, and not of UTF-16', () => {
    const [emoji, late] = named('😀', '\uE000') as [Channel, Channel];
    expect(inOrder([emoji, late], asc('name'))).toEqual([late, emoji]);
  });

  test('given texts alike in their first 900 bytes, is that of the ids', () => {
    const long = named(`${bytes(900)}b`, `${bytes(900)}a`, bytes(900));
    expect(inOrder(long.toReversed(), asc('name'))).toEqual(long);
    const [differs, alike] = named(`${bytes(899)}b`, `${bytes(899)}a`) as [Channel, Channel];
    expect(inOrder([differs, alike], asc('name'))).toEqual([alike, differs]);
  });
});

describe('a position', () => {
  test('given every field, holds what the list is sorted by, and null for what is missing', () => {
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

  test('given a local name, holds it folded', () => {
    expect(sortValuesOf(channelOf(1, { local_name: 'Québec' }), [asc('local_name')])).toEqual(['quebec']);
  });

  test('given a long name, holds 900 bytes of it at most, cut between two characters', () => {
    const positions = [bytes(1_000), `x${bytes(1_200, 'ق')}`].map(
      (name) => sortValuesOf(channelOf(1, { name }), [asc('name')])[0],
    );
    expect(positions).toEqual([bytes(900), `x${bytes(898, 'ق')}`]);
  });
});

describe('the text of an order', () => {
  test('given each field and direction, tells them apart', () => {
    expect(orderText(toOrder([desc('name'), asc('updatedAt')]))).toBe('-name,updatedAt,_id');
    expect(orderText(toOrder([asc('name'), desc('updatedAt')]))).toBe('name,-updatedAt,-_id');
  });

  test('given two ways to ask for one order, is the same', () => {
    expect(orderText(toOrder([desc('createdAt')]))).toBe(orderText(toOrder([desc('_id'), asc('name')])));
  });
});

describe('what lies behind a gap', () => {
  const channels = named('a', 'b', 'b', 'c');
  const behind = (side: 'before' | 'after', ...sort: OrderTerm[]) => {
    const order = toOrder(sort);
    const position = sortValuesOf(channels[1] as Channel, order);
    return channels.filter((channel) => isAfter(sortValuesOf(channel, order), { sortValues: position, side }, order));
  };
  const [a, b, secondB, c] = channels;

  test('given a gap after a channel, is without it', () => {
    expect(behind('after', asc('name'))).toEqual([secondB, c]);
    expect(behind('after', desc('name'))).toEqual([a]);
  });

  test('given a gap before a channel, is with it', () => {
    expect(behind('before', asc('name'))).toEqual([b, secondB, c]);
    expect(behind('before', desc('name'))).toEqual([a, b]);
  });

  test('given a channel that is gone, is the same', () => {
    const order = toOrder([asc('local_name')]);
    const gap = { position: [null, idAt(seededAt + 2, 9)], side: 'after' as const };
    expect(channels.filter((channel) => isAfter(sortValuesOf(channel, order), gap, order))).toEqual([
      secondB,
      c,
    ]);
  });
});
