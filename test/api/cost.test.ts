import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import { newChannelId } from '../../lib/channels/channel-id.ts';
import { planChannelWrites } from '../../lib/channels/items.ts';
import { newChannel } from '../../lib/channels/change-rules.ts';
import { type Call, type Service, startService } from '../support/service.ts';

/**
 * What a request costs by DynamoDB's own account, for channels of 289 bytes. DynamoDB Local answers 4 write units for any
 * transaction, so of those only the calls are told here; what a transaction writes, the tests of the items tell.
 */

let service: Service;
let key: string;

beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['acme'] });
  await service.call('GET /client-channel', { key });
});
afterAll(() => service.stop());

const body = {
  name: 'Retail Channel 00001',
  local_name: 'قناة',
  integration_meta: { external_id: 'ch_00001' },
};
const make = async () => (await service.call('POST /client-channel', { key, body })).body.data;
const costOf = async (route: string, call: Call = {}) => {
  const { headers } = await service.call(route, { key, ...call });
  const [, calls, rcu, wcu] =
    /^calls=(\d+); rcu=([\d.]+); wcu=([\d.]+)$/.exec(headers['x-consumed-capacity'] ?? '') ?? [];
  return { calls: Number(calls), rcu: Number(rcu), wcu: Number(wcu) };
};

describe('with the key remembered', () => {
  test('a get is one call and one unit', async () => {
    const { _id } = await make();
    expect(await costOf(`GET /client-channel/${_id}`)).toEqual({ calls: 1, rcu: 1, wcu: 0 });
  });

  test('a creation is one call, with an idempotency key or without, and so is its repetition', async () => {
    expect((await costOf('POST /client-channel', { body })).calls).toBe(1);
    const call = { body, headers: { 'idempotency-key': 'k' } };
    expect((await costOf('POST /client-channel', call)).calls).toBe(1);
    expect((await costOf('POST /client-channel', call)).calls).toBe(1);
  });

  test('the common update is one call, the whole document sent or not, and writes each index that shows it', async () => {
    const channel = await make();
    const update = (sent: object) => costOf(`PUT /client-channel/${channel._id}`, { body: sent });
    // One for the table, two for its new place by time, one each for the indexes by name and by status.
    const cost = { calls: 1, rcu: 0, wcu: 5 };
    expect(await update({ local_name: 'x' })).toEqual(cost);
    expect(await update({ ...channel, local_name: 'y' })).toEqual(cost);
    expect(await update({ integration_meta: { ...channel.integration_meta, sync: 1 } })).toEqual(cost);
    // One more for each key that appears or goes, two for one that changes.
    expect(await update({ integration_meta: { external_id: 'ch_2' } })).toEqual({ ...cost, wcu: 7 });
    expect(await update({ integration_meta: { external_id: 'ch_2', id: 1 } })).toEqual({ ...cost, wcu: 6 });
    expect(await update({ integration_meta: null })).toEqual({ ...cost, wcu: 7 });
  });

  test('an update that changes nothing is one call', async () => {
    const channel = await make();
    for (const sent of [channel, { name: channel.name }, { local_name: channel.local_name }])
      expect((await costOf(`PUT /client-channel/${channel._id}`, { body: sent })).calls).toBe(1);
  });

  test('renaming, toggling and deleting are two calls', async () => {
    const { _id } = await make();
    const route = `/client-channel/${_id}`;
    expect((await costOf(`PUT ${route}`, { body: { name: 'x' } })).calls).toBe(2);
    expect((await costOf(`PUT ${route}`, { body: { disabled: true } })).calls).toBe(2);
    expect((await costOf(`PUT ${route}`, { body: { name: 'y', local_name: 'y' } })).calls).toBe(2);
    expect((await costOf(`DELETE ${route}`)).calls).toBe(2);
  });
});

describe('what a write costs in the indexes', () => {
  const caller = { keyId: 'k', namespace: 'acme', namespaces: ['acme'] };
  const now = 1_700_000_000_000;
  const draft = { name: 'Retail', integration_meta: '{"external_id":"ch_1"}' };
  const before = newChannel(draft, newChannelId(now), { caller, now, writeId: 'w' });
  const both = { ...before, integration_meta: '{"external_id":"ch_1","id":1}' };
  const later = (changes: object) => ({ ...before, updatedAt: now + 1, __v: 1, ...changes });

  /** As a single write, not in the transaction that it is in truth: the table's own part is one unit then. */
  const unitsOf = async (from: Channel | undefined, to: Channel | undefined): Promise<number> => {
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
    const on = { TableName: service.channels.name, ReturnConsumedCapacity: 'TOTAL' } as const;
    const write = (channel: Channel | undefined) => {
      if (!channel) return client.send(new DeleteCommand({ ...on, Key: { pk: 'NS#acme', sk: before._id } }));
      const [copy] = planChannelWrites(undefined, channel, { now, keyId: 'k' }, 0);
      return client.send(new PutCommand({ ...on, Item: copy?.Put?.Item }));
    };
    await write(from);
    const { ConsumedCapacity } = await write(to);
    return (ConsumedCapacity?.CapacityUnits ?? 0) - 1;
  };

  test.each<[string, Channel | undefined, Channel | undefined, number]>([
    ['a creation', undefined, before, 3 + 1],
    ['a creation with both external ids', undefined, both, 3 + 2],
    ['a renaming', before, later({ name: 'Wholesale' }), 1 + 2 + 2],
    ['a toggle', before, later({ disabled: true }), 1 + 2 + 2],
    ['another change', before, later({ local_name: 'x' }), 1 + 1 + 2],
    ['another external id', before, later({ integration_meta: '{"external_id":"ch_2"}' }), 1 + 1 + 2 + 2],
    ['a deletion', before, undefined, 3 + 1],
  ])('of %s', async (_, from, to, units) => {
    expect(await unitsOf(from, to)).toBe(units);
  });
});

describe('a list', () => {
  let large: string;
  const smallSize = 128;
  const largeSize = 10_048;

  /** Channels with numbers from one on and before another, one in eight of them disabled; there are eight counters. */
  const fill = async (namespace: string, from: number, to: number) => {
    const caller = { keyId: 'filler', namespace, namespaces: [namespace] };
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    for (let start = 0; start < numbers.length; start += 40)
      await service.channels.transact(() =>
        numbers.slice(start, start + 40).flatMap((number) => {
          const now = 1_700_000_000_000 + number;
          const draft = {
            ...body,
            name: `Retail Channel ${`${number}`.padStart(5, '0')}`,
            disabled: number % 8 === 0,
            integration_meta: `{"external_id":"ch_${number}","sync":"${'x'.repeat(40)}"}`,
          };
          const channel = newChannel(draft, newChannelId(now), { caller, now, writeId: 'abcdefghijkl' });
          const [copy] = planChannelWrites(undefined, channel, { now, keyId: 'filler' }, 0);
          return copy ? [copy] : [];
        }),
      );
    await service.channels.transact(() =>
      Array.from({ length: 8 }, (_, shard) => ({
        Update: {
          Key: { pk: `NS#${namespace}`, sk: `!count#${shard}` },
          UpdateExpression: 'ADD enabled :enabled, disabled :disabled, changes :enabled',
          ExpressionAttributeValues: { ':enabled': ((to - from) / 64) * 7, ':disabled': (to - from) / 64 },
        },
      })),
    );
  };

  const list = (query: string) => service.call(`GET /client-channel?${query}`, { key: large });

  type Cost = [calls: number, readUnits: number];
  const alongAnIndex: Cost[] = [
    [2, 2.5],
    [2, 2.5],
  ];
  /** What its first page of 25 costs, and where it goes on the next one, by cursor. The totals are exact. */
  const flat: Record<string, Cost[]> = {
    '': [
      [1, 3],
      [2, 4],
    ],
    'sort=-_id': [
      [2, 4],
      [2, 4],
    ],
    'sort=name': alongAnIndex,
    'sort=-updatedAt': alongAnIndex,
    'sort=disabled': alongAnIndex,
    'disabled=false': alongAnIndex,
    'name=Retail+Channel+00007&name=retail+channel+00011&name=none': [[3, 1]],
    'integration_meta.external_id=ch_7': [[2, 1.5]],
    'from_updatedAt=NEWEST_TEN': [[1, 0.5]],
    'from_updatedAt=NEWEST_TEN&sort=-updatedAt': [[2, 1]],
  };

  const costs = async (size: number) => {
    const seen: typeof flat = {};
    for (const form of Object.keys(flat)) {
      const query = form.replace('NEWEST_TEN', `${1_700_000_000_000 + size - 11}`);
      const { next_cursor } = (await list(query)).body.pagination;
      const pages = [query, ...(next_cursor ? [`${query}&cursor=${next_cursor}`] : [])];
      seen[form] = [];
      for (const page of pages) {
        const { calls, rcu } = await costOf(`GET /client-channel?${page}`, { key: large });
        seen[form].push([calls, rcu]);
      }
    }
    return seen;
  };

  beforeAll(async () => {
    large = await service.newKey({ namespaces: ['large'] });
    await service.call('GET /client-channel', { key: large });
  });

  test('that an index or the partition is in the order of costs the same at 128 channels and at 10,048', async () => {
    await fill('large', 0, smallSize);
    expect(await costs(smallSize)).toEqual(flat);
    await fill('large', smallSize, largeSize);
    expect(await costs(largeSize)).toEqual(flat);
    const { body: page } = await list('');
    expect([page.pagination.total, page.data.length]).toEqual([largeSize, 25]);
    expect((await list('disabled=true')).body.pagination.total).toBe(largeSize / 8);
  });
});
