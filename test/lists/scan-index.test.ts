import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Channel } from '../../lib/channels/channel.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { sortValuesOf, toOrder } from '../../lib/lists/plan/order.ts';
import { planList } from '../../lib/lists/plan/plan.ts';
import type { PageStart } from '../../lib/lists/read/paginate.ts';
import { scanIndex } from '../../lib/lists/read/scan-index.ts';
import { mockTable } from '../support/mock-table.ts';
import { channelOf, seededAt } from '../support/seed.ts';

/**
 * The index byUpdatedAt with behaviour that DynamoDB has and DynamoDB Local does not: channels with the same time are
 * in any order, and a page may end anywhere. The page of a query begins after its start key, in the order of the index.
 * @param ranks the order of channels with the same time
 */
const tableWith = (channels: Channel[], ranks: number[], maxItems: number): Table => {
  const stored = channels
    .map((channel, index) => ({ channel, rank: ranks[index] as number }))
    .sort((a, b) => a.channel.updatedAt - b.channel.updatedAt || a.rank - b.rank)
    .map(({ channel: { _id, ...attributes } }): Item => ({ pk: 'NS#company1', sk: _id, ...attributes }));
  const { table } = mockTable((query) => {
    const { ExpressionAttributeValues, ScanIndexForward, ExclusiveStartKey, Limit = Infinity } = query;
    const { ':first': first = 0, ':last': last = Infinity } = ExpressionAttributeValues ?? {};
    if (first === '!')
      return { items: [{ pk: 'NS#company1', sk: '!count#0', enabled: channels.length, disabled: 0 }] };
    const inRange = stored.filter(
      ({ updatedAt }) => first <= (updatedAt as number) && (updatedAt as number) <= last,
    );
    const ordered = ScanIndexForward ? inRange : inRange.toReversed();
    const start = ordered.findIndex(({ sk }) => sk === ExclusiveStartKey?.sk) + 1;
    const items = ordered.slice(start, start + Math.min(Limit, maxItems));
    const end = items.at(-1);
    const isEnd = start + items.length >= ordered.length && items.length < Limit;
    return {
      items,
      lastKey: isEnd ? undefined : { pk: 'NS#company1', sk: end?.sk, updatedAt: end?.updatedAt },
    };
  });
  return table;
};

describe('scanIndex, if many channels share a key of the index', () => {
  const cases = fc.record({
    times: fc.array(fc.nat(3), { minLength: 1, maxLength: 14 }),
    ranks: fc.array(fc.nat(), { minLength: 14, maxLength: 14 }),
    maxItems: fc.integer({ min: 1, max: 20 }),
    descending: fc.boolean(),
    perPage: fc.integer({ min: 1, max: 6 }),
  });

  test('finds the page after any offset, and before and after any channel, in the order of the list', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ times, ranks, maxItems, descending, perPage }) => {
        const channels = times.map((time, index) => channelOf(index, { updatedAt: seededAt + time }));
        const table = tableWith(channels, ranks, maxItems);
        const order = toOrder([{ field: 'updatedAt', descending }]);
        const filter = { updatedAfter: seededAt - 1 };
        const plan = planList(filter, allIds, order);
        if (plan.read !== 'scanIndex') throw new Error('The plan must scan an index');
        const readPage = async (start: PageStart) => {
          const page = await scanIndex(
            { channels: table, projections: table, namespace: 'company1', filter, order, start, perPage },
            plan,
          );
          return [page.channels.map(({ _id }) => _id), page.total, page.hasNext];
        };

        const ascending = channels.toSorted((a, b) => a.updatedAt - b.updatedAt || (a._id < b._id ? -1 : 1));
        const sorted = descending ? ascending.toReversed() : ascending;
        const ids = sorted.map(({ _id }) => _id);
        for (const [offset, channel] of sorted.entries()) {
          const next = [ids.slice(offset, offset + perPage), ids.length, offset + perPage < ids.length];
          expect(await readPage({ offset })).toEqual(next);
          const cursor = {
            sortValues: sortValuesOf(channel, order),
            side: 'before' as const,
            offset,
            order: '',
            filter: '',
          };
          expect(await readPage({ ...cursor, backward: false })).toEqual(next);
          const previous = [ids.slice(Math.max(0, offset - perPage), offset), ids.length, true];
          expect(await readPage({ ...cursor, backward: true })).toEqual(previous);
        }
        for (const offset of [ids.length, ids.length + 1])
          expect(await readPage({ offset })).toEqual([[], ids.length, false]);
      }),
    );
  });
});
