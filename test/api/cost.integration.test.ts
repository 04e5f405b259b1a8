import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { externalKeyItems, writeItems } from '../../bench/write-items.ts';
import { newChannel } from '../../lib/channels/change-rules.ts';
import type { Channel } from '../../lib/channels/channel.ts';
import { newChannelId } from '../../lib/channels/channel-id.ts';
import { counterShards, toItem } from '../../lib/channels/items.ts';
import { keys } from '../../lib/channels/keys.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { searchableText } from '../../lib/channels/searchable-text.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { toVersionItem, type Version } from '../../lib/history/version-items.ts';
import { numberChanges } from '../../lib/projections/change-log/number-changes.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { cursorAfter, readToEnd } from '../support/change-feed.ts';
import { interceptCalls } from '../support/projections.ts';
import { channelOf, metaOfSize } from '../support/seed.ts';
import type { Call } from '../support/service.ts';
import { useService } from '../support/use-service.ts';

// What a request costs, as DynamoDB reports it, for channels of 289 bytes. DynamoDB Local reports 4 write units for any
// transaction, so these tests assert only the calls of transactions. Their writes are asserted in the tests of the items.

const service = useService({ namespaces: ['acme'] });

/**
 * The sizes of two namespaces whose costs must be the same. The larger one has more than 1 MB, which is one page of DynamoDB.
 * `COST_CHANNELS=100000 npm test -- test/api/cost` compares 1,000 channels with 100,000.
 */
const longRunSize = Number(process.env.COST_CHANNELS ?? 0);
const [few, many] = longRunSize ? [1_000, longRunSize] : [128, 3_000];
const sizes = `at ${few.toLocaleString('en')} channels and at ${many.toLocaleString('en')}`;
if (longRunSize) jest.setTimeout(60 * 60 * 1000);

// The key stays in the cache, however slow the machine is: this clock, by which the cache counts its minute, runs slowly.
const slowClock = performance.now.bind(performance);
beforeAll(async () => {
  jest.spyOn(performance, 'now').mockImplementation(() => slowClock() / 1_000);
  await service.call('GET /client-channel');
});
afterAll(() => {
  jest.restoreAllMocks();
});

const body = {
  name: 'Retail Channel 00001',
  local_name: 'قناة',
  integration_meta: { external_id: 'ch_00001' },
};
const create = async () => (await service.call('POST /client-channel', { body })).body.data;
const toCost = (headers: Record<string, string>) => {
  const [, calls, rcu, wcu] =
    /^calls=(\d+); rcu=([\d.]+); wcu=([\d.]+)$/.exec(headers['x-consumed-capacity'] ?? '') ?? [];
  return { calls: Number(calls), rcu: Number(rcu), wcu: Number(wcu) };
};
const costOf = async (route: string, call: Call = {}) => toCost((await service.call(route, call)).headers);

describe('if the key is cached', () => {
  test('a get takes one call and one unit', async () => {
    const { _id } = await create();
    expect(await costOf(`GET /client-channel/${_id}`)).toEqual({ calls: 1, rcu: 1, wcu: 0 });
  });

  test('a POST takes one call, with an idempotency key or without, and so does its retry', async () => {
    expect((await costOf('POST /client-channel', { body })).calls).toBe(1);
    const call = { body, headers: { 'idempotency-key': 'k' } };
    expect((await costOf('POST /client-channel', call)).calls).toBe(1);
    expect((await costOf('POST /client-channel', call)).calls).toBe(1);
  });

  test('an update in place takes one call, whether the whole document is sent or not, and writes the indexes', async () => {
    const channel = await create();
    const update = (sent: object) => costOf(`PUT /client-channel/${channel._id}`, { body: sent });
    // One unit for the table, two for the changed key of byUpdatedAt, one each for byName and byStatus.
    const cost = { calls: 1, rcu: 0, wcu: 5 };
    expect(await update({ integration_meta: { ...channel.integration_meta, sync: 1 } })).toEqual(cost);
    const whole = { ...channel, integration_meta: { ...channel.integration_meta, sync: 2 } };
    expect(await update(whole)).toEqual(cost);
  });

  test('a POST takes one call and reads nothing, with one external id or with two', async () => {
    for (const integration_meta of [{ external_id: 'one' }, { external_id: 'two', id: 2 }]) {
      const cost = await costOf('POST /client-channel', { body: { ...body, integration_meta } });
      expect(cost).toMatchObject({ calls: 1, rcu: 0 });
    }
  });

  test('an update that changes an external id takes two calls: one finds this out, and a transaction', async () => {
    const { _id } = await create();
    for (const integration_meta of [{ external_id: 'new' }, { external_id: 'new', id: 1 }, null])
      expect((await costOf(`PUT /client-channel/${_id}`, { body: { integration_meta } })).calls).toBe(2);
  });

  test('a POST takes two calls if 20 channels have the external id already: one finds this out', async () => {
    const crowded = { name: 'x', integration_meta: { external_id: 'crowded' } };
    const calls: number[] = [];
    for (let count = 0; count < 22; count++)
      calls.push((await costOf('POST /client-channel', { body: crowded })).calls);
    expect(calls).toEqual([...Array(20).fill(1), 2, 2]);
  });

  test('a merge of metadata takes two calls: it reads the channel, and updates it in place', async () => {
    const { _id } = await create();
    const headers = { 'content-type': 'application/merge-patch+json' };
    const merge = (meta: object) =>
      costOf(`PATCH /client-channel/${_id}`, { headers, body: { integration_meta: meta } });
    expect(await merge({ sync: 1 })).toEqual({ calls: 2, rcu: 1, wcu: 5 });
    expect(await merge({ sync: 1 })).toEqual({ calls: 1, rcu: 1, wcu: 0 });
  });

  test('an update that changes nothing takes one call', async () => {
    const channel = await create();
    for (const sent of [channel, { name: channel.name }, { local_name: channel.local_name }])
      expect((await costOf(`PUT /client-channel/${channel._id}`, { body: sent })).calls).toBe(1);
  });

  test('renaming, changing the local name, toggling and deleting take two calls each', async () => {
    const { _id } = await create();
    const route = `/client-channel/${_id}`;
    expect((await costOf(`PUT ${route}`, { body: { name: 'x' } })).calls).toBe(2);
    expect((await costOf(`PUT ${route}`, { body: { local_name: 'x' } })).calls).toBe(2);
    expect((await costOf(`PUT ${route}`, { body: { local_name: null } })).calls).toBe(2);
    expect((await costOf(`PUT ${route}`, { body: { disabled: true } })).calls).toBe(2);
    expect((await costOf(`PUT ${route}`, { body: { name: 'y', local_name: 'y' } })).calls).toBe(2);
    const both = { local_name: 'z', integration_meta: { z: 1 } };
    expect((await costOf(`PUT ${route}`, { body: both })).calls).toBe(2);
    expect((await costOf(`DELETE ${route}`)).calls).toBe(2);
  });
});

test('a restore takes two calls and one read unit, and one call if the channel is there', async () => {
  // An external id that no other channel has: otherwise the restore is refused.
  const ownBody = { ...body, integration_meta: { external_id: 'restored' } };
  const { _id } = (await service.call('POST /client-channel', { body: ownBody })).body.data;
  await service.call(`DELETE /client-channel/${_id}`);
  const restore = () => costOf(`POST /client-channel/${_id}/restore`);

  const first = await restore();
  expect({ calls: first.calls, rcu: first.rcu }).toEqual({ calls: 2, rcu: 1 });
  expect(await restore()).toEqual({ calls: 1, rcu: 1, wcu: 0 });
  // What is not found is read once more. An item that is not there costs nothing on DynamoDB Local, and 1 unit on AWS.
  const unknown = await costOf('POST /client-channel/60f1b2b3c9e9a12345678902/restore');
  expect(unknown).toMatchObject({ calls: 2, wcu: 0 });
});

describe('the history of a channel', () => {
  /** Versions of a channel of about 289 bytes, as its updates make them. */
  const versionsOf = (id: string, count: number, meta: object = {}): Version[] =>
    Array.from({ length: count }, (_, version) => {
      const at = new Date(Date.now() + version).toISOString();
      const channel = {
        ...body,
        _id: id,
        disabled: false,
        integration_meta: { ...body.integration_meta, ...meta },
        company_namespace: ['acme'],
        createdAt: at,
        updatedAt: at,
        __v: version,
      };
      const actor = '5f1c0d2b9e8a7c34';
      return { version, at, actor, type: 'updated', changed: ['integration_meta'], channel };
    });
  const seed = async (id: string, versions: Version[]) => {
    const meter = new Meter();
    const history = new Table({ ...service.history.session, meter }, service.history.name);
    for (const version of versions)
      await history.put({ Item: toVersionItem({ namespace: 'acme', id }, version) });
    return meter.totals.wcu;
  };

  test('takes one call for a page of 25 versions, and half a read unit for 4 KB of them', async () => {
    const id = '60f1b2b3c9e9a12345678901';
    await seed(id, versionsOf(id, 60));
    const route = `GET /client-channel/${id}/history`;
    const { next_cursor } = (await service.call(route)).body.pagination;

    const cost = { calls: 1, rcu: 1.5, wcu: 0 };
    expect(await costOf(route)).toEqual(cost);
    expect(await costOf(`${route}?cursor=${next_cursor}`)).toEqual(cost);
    expect(await costOf(`${route}?per_page=1`)).toEqual({ calls: 1, rcu: 0.5, wcu: 0 });
  });

  test('takes a second call only if no version is kept, and a third one if the channel is not known', async () => {
    const channel = await create();
    expect(await costOf(`GET /client-channel/${channel._id}/history`)).toMatchObject({ calls: 2, rcu: 1 });
    expect(await costOf('GET /client-channel/60f1b2b3c9e9a12345678902/history')).toMatchObject({ calls: 3 });
  });

  test('costs one write unit for a version of each started KB', async () => {
    const id = '60f1b2b3c9e9a12345678903';
    const unitsOf = (bytes: number) => seed(id, versionsOf(id, 1, { x: 'x'.repeat(bytes) }));
    expect([await unitsOf(0), await unitsOf(400), await unitsOf(700), await unitsOf(60_000)]).toEqual([
      1, 1, 2, 60,
    ]);
  });
});

describe('the write units of the indexes', () => {
  const caller = { keyId: 'k', namespace: 'acme', namespaces: ['acme'] };
  const now = 1_700_000_000_000;
  const input = { name: 'Retail', integration_meta: '{"external_id":"ch_1"}' };
  const before = newChannel(input, newChannelId(now), { caller, now, writeId: 'w' });
  const both = { ...before, integration_meta: '{"external_id":"ch_1","id":1}' };
  const later = (changes: object) => ({ ...before, updatedAt: now + 1, __v: 1, ...changes });

  /** The units of a single write instead of the real transaction, minus the one unit of the table itself. */
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
    ['a local name', before, later({ local_name: 'x' }), 1 + 1 + 2],
    ['other metadata', before, later({ integration_meta: '{"external_id":"ch_1","at":1}' }), 1 + 1 + 2],
    ['another external id', before, later({ integration_meta: '{"external_id":"ch_2"}' }), 1 + 1 + 2 + 2],
    ['a deletion', before, undefined, 3 + 1],
  ])('are counted for %s', async (_, from, to, units) => {
    expect(await unitsOf(from, to)).toBe(units);
  });
});

/**
 * Writes channels with the numbers from `from` to below `to`, with their external keys and without projections. Every eighth is disabled. There are
 * eight counters.
 * @returns the channels
 */
const fill = async (namespace: string, from: number, to: number, word = 'Retail'): Promise<Channel[]> => {
  const caller = { keyId: 'filler', namespace, namespaces: [namespace] };
  const channels = Array.from({ length: to - from }, (_, index) => {
    const number = from + index;
    const now = 1_700_000_000_000 + number;
    const input = {
      ...body,
      name: `${word} Channel ${`${number}`.padStart(5, '0')}`,
      disabled: number % 8 === 0,
      integration_meta: `{"external_id":"ch_${number}","sync":"${'x'.repeat(40)}"}`,
    };
    return newChannel(input, newChannelId(now), { caller, now, writeId: 'abcdefghijkl' });
  });
  await writeItems(service.channels.session.client, service.channels.name, [
    ...channels.map((channel) => toItem(namespace, channel)),
    ...externalKeyItems(namespace, channels),
  ]);
  const disabled = channels.filter((channel) => channel.disabled).length;
  await service.channels.transact(() =>
    Array.from({ length: counterShards }, (_, shard) => ({
      Update: {
        Key: keys.counter(namespace, shard),
        UpdateExpression: 'ADD enabled :enabled, disabled :disabled, changes :one',
        ExpressionAttributeValues: {
          ':enabled': shard === 0 ? channels.length - disabled : 0,
          ':disabled': shard === 0 ? disabled : 0,
          ':one': 1,
        },
      },
    })),
  );
  return channels;
};

describe('a list', () => {
  let large: string;

  const list = (query: string) => service.call(`GET /client-channel?${query}`, { key: large });

  type Cost = [calls: number, readUnits: number];
  const scanOfIndex: Cost[] = [
    [2, 2.5],
    [2, 2.5],
  ];
  const hundredIds = Array.from({ length: 100 }, (_, index) => `ch_${index}`);
  /** The cost of the first page of 25, and of the next one by cursor if there is one. The totals are exact. */
  const expectedCosts: Record<string, Cost[]> = {
    '': [
      [1, 3],
      [2, 4],
    ],
    'sort=-_id': [
      [2, 4],
      [2, 4],
    ],
    'sort=name': scanOfIndex,
    'sort=-updatedAt': scanOfIndex,
    'sort=disabled': scanOfIndex,
    'disabled=false': scanOfIndex,
    'name=Retail+Channel+00007&name=retail+channel+00011&name=none': [[3, 1]],
    // One unit for each external id, and one for each channel that has it.
    'integration_meta.external_id=ch_7': [[2, 1 + 1]],
    // AWS counts one unit for an item that does not exist. DynamoDB Local does not.
    'integration_meta.external_id=nobody': [[1, 0]],
    'integration_meta.external_id[]=ch_7&integration_meta.external_id[]=ch_11': [[2, 2 + 2]],
    [`integration_meta.external_id=${JSON.stringify(hundredIds)}`]: [
      [2, 100 + 100],
      [2, 100 + 100],
    ],
    'search=channel&integration_meta.external_id=ch_7': [[2, 1 + 1]],
    'from_updatedAt=NEWEST_TEN': [[1, 0.5]],
    'from_updatedAt=NEWEST_TEN&sort=-updatedAt': [[2, 1]],
  };

  const costs = async (size: number) => {
    const seen: typeof expectedCosts = {};
    for (const form of Object.keys(expectedCosts)) {
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

  test(`in the order of an index or of the partition, or by external ids, costs the same ${sizes}`, async () => {
    await fill('large', 0, few);
    expect(await costs(few)).toEqual(expectedCosts);
    await fill('large', few, many);
    expect(await costs(many)).toEqual(expectedCosts);
    const { body: page } = await list('');
    expect([page.pagination.total, page.data.length]).toEqual([many, 25]);
    expect((await list('disabled=true')).body.pagination.total).toBe(Math.ceil(many / 8));
  });
});

describe('an upsert', () => {
  const namespace = 'upserts';
  let key: string;

  /**
   * The calls and the read units of an upsert, and what it did. A response without the header is one to a request that made no
   * call. On a very slow machine, the time of a request can run out: then some rows have failed.
   */
  const costOfRows = async (channels: object[], options: object = {}, as = key) => {
    const call = { key: as, body: { channels, ...options } };
    const { headers, body } = await service.call('POST /client-channel/upsert', call);
    const { calls, rcu } = toCost(headers);
    const results = Object.entries(body.summary).filter(([, count]) => count);
    return [calls || 0, rcu || 0, Object.fromEntries(results)];
  };
  const costOfCreation = async (integration_meta: object) => {
    const call = { key, body: { ...body, integration_meta } };
    const { calls, rcu } = await costOf('POST /client-channel', call);
    return [calls, rcu];
  };
  const hundred = Array.from({ length: 100 }, (_, index) => index);
  /** The rows of channels that `fill` has written. */
  const stored = (fields: (number: number) => object = () => ({}), meta: object = {}) =>
    hundred.map((number) => ({
      ...fields(number),
      integration_meta: { external_id: `ch_${number}`, ...meta },
    }));
  const absent = (run: string) =>
    hundred.map((number) => ({ integration_meta: { external_id: `${run}_${number}` } }));
  const named = (rows: object[]) => rows.map((row) => ({ name: 'x', ...row }));
  const deletions = (rows: object[]) => rows.map((row) => ({ ...row, delete: true }));

  /**
   * 100 rows of each kind. An item that does not exist costs 0.5 units on AWS (1 if the read is strongly consistent), and
   * nothing on DynamoDB Local.
   */
  const costs = async (run: string) => ({
    unchanged: await costOfRows(stored()),
    'updated in place': await costOfRows(stored(undefined, { run })),
    'renamed in a dry run': await costOfRows(
      stored(() => ({ name: run })),
      { dry_run: true },
    ),
    renamed: await costOfRows(stored(() => ({ name: run }))),
    created: await costOfRows(named(absent(run))),
    'created in a dry run': await costOfRows(named(absent(`${run}-dry`)), { dry_run: true }),
    deleted: await costOfRows(deletions(absent(run))),
    'deleted before': await costOfRows(deletions(absent(run))),
    'never there': await costOfRows(deletions(absent(`${run}-never`))),
    'failed, because they are wrong': await costOfRows(hundred.map(() => ({ name: 'x' }))),
    'failed, because they lack a name': await costOfRows(absent(`${run}-nameless`)),
    'a creation with one external id': await costOfCreation({ external_id: `${run}-one` }),
    'a creation with two external ids': await costOfCreation({ external_id: `${run}-two`, id: `${run}-two` }),
  });

  const cacheKey = () => service.call('GET /me', { key });
  const readAll = 100 * 1.5;
  const expected = {
    unchanged: [2, readAll, { unchanged: 100 }],
    'updated in place': [2 + 100, readAll, { updated: 100 }],
    'renamed in a dry run': [2, readAll, { updated: 100 }],
    renamed: [2 + 100, readAll, { updated: 100 }],
    created: [1 + 100, 0, { created: 100 }],
    'created in a dry run': [2, 0, { created: 100 }],
    // The item of each key is read a second time, and strongly consistent.
    deleted: [3 + 100, readAll + 100, { deleted: 100 }],
    'deleted before': [2, readAll, { unchanged: 100 }],
    'never there': [2, 0, { unchanged: 100 }],
    'failed, because they are wrong': [0, 0, { failed: 100 }],
    'failed, because they lack a name': [1 + 100, 0, { failed: 100 }],
    'a creation with one external id': [1, 0],
    'a creation with two external ids': [1, 0],
  };

  beforeAll(async () => {
    key = await service.newKey({ namespaces: [namespace] });
  });

  test(`costs the same ${sizes}, and so does a creation: 100 unchanged rows take 2 calls, and 1.5 read units each`, async () => {
    await cacheKey();
    await fill(namespace, 0, few);
    expect(await costs('few')).toEqual(expected);
    await fill(namespace, few, many);
    expect(await costs('many')).toEqual(expected);
  });

  test('of one row takes two more calls if two channels carry its key, and none for `where`, a shared channel or a second key', async () => {
    const namespaces = ['upserts-own', 'upserts-shared'];
    const own = await service.newKey({ namespaces });
    const post = (external_id: string, fields: object = {}) =>
      service.call('POST /client-channel', {
        key: own,
        body: { name: 'x', integration_meta: { external_id, source: 'sap' }, ...fields },
      });
    for (const external_id of ['two', 'two', 'one']) await post(external_id);
    await post('shared', { company_namespace: namespaces });
    const costOfRow = (external_id: string, row: object, options: object = {}, meta: object = {}) =>
      costOfRows([{ ...row, integration_meta: { external_id, ...meta } }], options, own);
    const from = (source: string) => ({ where: { 'integration_meta.source': source } });

    expect({
      ambiguous: await costOfRow('two', { name: 'y' }),
      'a deletion that is ambiguous': await costOfRow('two', { delete: true }),
      'outside of `where`': await costOfRow('one', { name: 'y' }, from('oracle')),
      'updated in place, inside of `where`': await costOfRow('one', {}, from('sap'), { sync: 1 }),
      'with another second key': await costOfRow('one', {}, {}, { id: 1 }),
      'shared, and unchanged': await costOfRow('shared', {}),
      'shared, and renamed': await costOfRow('shared', { name: 'y' }),
    }).toEqual({
      ambiguous: [3, 0.5 + 1 + 2, { failed: 1 }],
      'a deletion that is ambiguous': [3, 0.5 + 1 + 2, { failed: 1 }],
      'outside of `where`': [2, 1.5, { failed: 1 }],
      'updated in place, inside of `where`': [2 + 1, 1.5, { updated: 1 }],
      'with another second key': [2 + 1, 1.5, { updated: 1 }],
      'shared, and unchanged': [2, 1.5, { unchanged: 1 }],
      'shared, and renamed': [2 + 1, 1.5, { updated: 1 }],
    });
  });
});

describe('the changes', () => {
  /** No namespace has a longer name. The name is a part of each entry of the change log. */
  const namespace = 'n'.repeat(64);
  let key: string;
  let keyId: string;

  /** Numbers a change of each of these channels, as `publish-events` does. */
  const numberAll = (channels: Channel[], __v: number, projections = service.projections) =>
    numberChanges(
      projections,
      channels.map((channel) => ({
        ...keys.channel(namespace, channel._id),
        before: undefined,
        after: { __v, writtenBy: keyId, updatedAt: Date.now() },
      })),
    );
  /** 100 channels whose items have a little less than 4 KB, which cost one read unit each. */
  const putLargeChannels = async () => {
    const large = Array.from({ length: 100 }, (_, index) =>
      channelOf(index, { company_namespace: [namespace], integration_meta: metaOfSize(3_500) }),
    );
    for (const channel of large) await service.channels.put({ Item: toItem(namespace, channel) });
    return large;
  };
  const routeWith = (cursor: string, query = '') => `GET /client-channel/changes?cursor=${cursor}${query}`;
  const costs = async (large: Channel[], version: number) => {
    await service.call('GET /me', { key });
    const cursor = cursorAfter(await readToEnd(service, {}, { key }));
    const idle = await costOf(routeWith(cursor), { key });
    await numberAll(large, version);
    return {
      'the first page of a first reading': await costOf(routeWith(''), { key }),
      'an idle poll': idle,
      'a page of 100 changed channels': await costOf(routeWith(cursor), { key }),
      'a page of 25 changed channels': await costOf(routeWith(cursor, '&per_page=25'), { key }),
      'a page of 100 own changes, all left out': await costOf(routeWith(cursor, '&exclude_self=true'), {
        key,
      }),
    };
  };

  beforeAll(async () => {
    key = await service.newKey({ namespaces: [namespace] });
    keyId = key.split('_')[2] as string;
  });

  test(`cost the same ${sizes}, and 100 more: an idle poll takes 1 call and 1 read unit, a page of 100 at most 105`, async () => {
    const expected = {
      'an idle poll': { calls: 1, rcu: 1, wcu: 0 },
      // The head, 100 entries of the change log, and 100 channels.
      'a page of 100 changed channels': { calls: 3, rcu: 1 + 4 + 100, wcu: 0 },
      'a page of 25 changed channels': { calls: 3, rcu: 1 + 1 + 25, wcu: 0 },
      'a page of 100 own changes, all left out': { calls: 2, rcu: 1 + 4, wcu: 0 },
      // The head, and 100 channels in a row.
      'the first page of a first reading': { calls: 2, rcu: 1 + 94, wcu: 0 },
    };
    const large = await putLargeChannels();
    await fill(namespace, 0, few);
    expect(await costs(large, 1)).toEqual(expected);
    await fill(namespace, few, many);
    expect(await costs(large, 2)).toEqual(expected);
  });

  test('that are numbered together take one read unit, and one transaction of the head and an entry for each', async () => {
    const meter = new Meter();
    const calls: string[] = [];
    const { projections } = interceptCalls(service, async ({ operation, input }, send) => {
      calls.push(operation === 'TransactWrite' ? `${operation} of ${input.TransactItems.length}` : operation);
      return send();
    });
    const metered = new Table({ ...projections.session, meter }, projections.name);
    const changes = Array.from({ length: 7 }, (_, index) => channelOf(index));

    await numberAll(changes, 1, metered);

    expect([calls, meter.totals]).toMatchObject([['Get', 'TransactWrite of 8'], { calls: 2, rcu: 1 }]);
  });
});

describe('a search with another filter and 320 hits', () => {
  /** Seeds a namespace with 320 hits of the search for "target", and more channels up to `size`. */
  const seedHits = async (namespace: string, size: number) => {
    const hits = await fill(namespace, 0, 320, 'Target');
    const entries = hits.flatMap((channel) => suffixEntries(namespace, channel._id, searchableText(channel)));
    await writeItems(
      service.projections.session.client,
      service.projections.name,
      entries.map((entry) => ({ ...entry })),
    );
    await fill(namespace, 320, size);
    const key = await service.newKey({ namespaces: [namespace] });
    await service.call('GET /client-channel', { key });
    return async (query: string) => {
      const route = `GET /client-channel?search=target&${query}`;
      const { calls, rcu } = await costOf(route, { key });
      return { calls, rcu, total: (await service.call(route, { key })).body.pagination.total };
    };
  };

  // The first calls read the pending changes (there are none), 7 units of suffix entries, and then the counters.

  test('reads the partition between the hits if the namespace has 384 channels', async () => {
    const costOfSearch = await seedHits('few', 384);

    expect(await costOfSearch('disabled=true')).toEqual({ calls: 4, rcu: 7 + 1 + 32, total: 40 });
  });

  const manyMore = Math.max(3_264, many);

  test(`reads the hits one by one if the namespace has ${manyMore.toLocaleString('en')} channels`, async () => {
    const costOfSearch = await seedHits('many', manyMore);

    expect(await costOfSearch('disabled=true')).toEqual({ calls: 7, rcu: 7 + 1 + 320, total: 40 });
    // The names of the hits tell which of them a filter by name leaves out, so the counters are not read either.
    const name = 'name=Target+Channel+00007&name=target+channel+00008';
    expect(await costOfSearch(name)).toEqual({ calls: 3, rcu: 7 + 2, total: 1 });
  });
});
