import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Channel } from '../../lib/channels/channel.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Query, Table } from '../../lib/dynamodb/table.ts';
import { scanIndex } from '../../lib/lists/read/scan-index.ts';
import { sortValuesOf, toOrder } from '../../lib/lists/plan/order.ts';
import type { PageStart } from '../../lib/lists/read/paginate.ts';
import { planList } from '../../lib/lists/plan/plan.ts';
import { channelOf, seededAt } from '../support/seed.ts';

/**
 * An index by time as DynamoDB has it, and its engine for one machine does not: channels of one time stand in any order,
 * and a page ends anywhere. A query's page begins behind its start key, in the index's own order.
 */
const indexByTime = (channels: Channel[], shuffled: number[], longestPage: number): Table => {
  const stored = channels
    .map((channel, index) => ({ channel, rank: shuffled[index] as number }))
    .sort((a, b) => a.channel.updatedAt - b.channel.updatedAt || a.rank - b.rank)
    .map(({ channel: { _id, ...attributes } }): Item => ({ pk: 'NS#company1', sk: _id, ...attributes }));
  const query = async ({
    ExpressionAttributeValues,
    ScanIndexForward,
    ExclusiveStartKey,
    Limit,
    Select,
  }: Query) => {
    const { ':first': first = 0, ':last': last = Infinity } = ExpressionAttributeValues ?? {};
    if (first === '!') {
      const counters = [{ pk: 'NS#company1', sk: '!count#0', enabled: channels.length, disabled: 0 }];
      return { items: counters, count: 1, lastKey: undefined, units: 0.5 };
    }
    const inside = stored.filter(
      ({ updatedAt }) => first <= (updatedAt as number) && (updatedAt as number) <= last,
    );
    const ordered = ScanIndexForward ? inside : inside.toReversed();
    const start = ordered.findIndex(({ sk }) => sk === ExclusiveStartKey?.sk) + 1;
    const items = ordered.slice(start, start + Math.min(Limit ?? longestPage, longestPage));
    const end = items.at(-1);
    const isEnd = start + items.length >= ordered.length && items.length < (Limit ?? Infinity);
    const lastKey = isEnd ? undefined : { pk: 'NS#company1', sk: end?.sk, updatedAt: end?.updatedAt };
    return { items: Select === 'COUNT' ? [] : items, count: items.length, lastKey, units: 0.5 };
  };
  return { query } as unknown as Table;
};

describe('a walk along an index in which many channels share a key', () => {
  const given = fc.record({
    times: fc.array(fc.nat(3), { minLength: 1, maxLength: 14 }),
    ranks: fc.array(fc.nat(), { minLength: 14, maxLength: 14 }),
    longestPage: fc.integer({ min: 1, max: 20 }),
    descending: fc.boolean(),
    perPage: fc.integer({ min: 1, max: 6 }),
  });

  test('finds the page behind any offset, and on either side of any channel, in the order of the list', async () => {
    await fc.assert(
      fc.asyncProperty(given, async ({ times, ranks, longestPage, descending, perPage }) => {
        const channels = times.map((time, index) => channelOf(index, { updatedAt: seededAt + time }));
        const table = indexByTime(channels, ranks, longestPage);
        const order = toOrder([{ field: 'updatedAt', descending }]);
        const filter = { updatedAfter: seededAt - 1 };
        const plan = planList(filter, allIds, order);
        if (plan.read !== 'scanIndex') throw new Error('An index is in this order');
        const read = async (place: PageStart) => {
          const found = await scanIndex(
            { channels: table, projections: table, namespace: 'company1', filter, order, start: place, perPage },
            plan,
          );
          return [found.channels.map(({ _id }) => _id), found.total, found.hasNext];
        };

        const upwards = channels.toSorted((a, b) => a.updatedAt - b.updatedAt || (a._id < b._id ? -1 : 1));
        const sorted = descending ? upwards.toReversed() : upwards;
        const ids = sorted.map(({ _id }) => _id);
        for (const [offset, channel] of sorted.entries()) {
          const behind = [ids.slice(offset, offset + perPage), ids.length, offset + perPage < ids.length];
          expect(await read({ offset })).toEqual(behind);
          const gap = {
            sortValues: sortValuesOf(channel, order),
            side: 'before' as const,
            offset,
            order: '',
            filter: '',
          };
          expect(await read({ ...gap, backward: false })).toEqual(behind);
          const before = [ids.slice(Math.max(0, offset - perPage), offset), ids.length, true];
          expect(await read({ ...gap, backward: true })).toEqual(before);
        }
        for (const offset of [ids.length, ids.length + 1])
          expect(await read({ offset })).toEqual([[], ids.length, false]);
      }),
    );
  });
});
