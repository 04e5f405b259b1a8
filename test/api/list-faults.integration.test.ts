import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { rebuildExternalKeys } from '../../lib/reindex/rebuild-external-keys.ts';
import { freezeEventualReads } from '../support/freeze-eventual-reads.ts';
import { createRewritingProxy } from '../support/rewriting-proxy.ts';
import { channelOf, seedChannels, seededAt } from '../support/seed.ts';
import type { Service } from '../support/service.ts';
import { useService } from '../support/use-service.ts';

// These tests simulate behaviour of DynamoDB that DynamoDB Local does not have. Lists must stay correct.

const proxy = createRewritingProxy();
const service = useService({ proxy });

afterEach(() => proxy.reset());

/** Seeds a namespace with 30 channels. Many share a name, a time or an external id; every third is disabled. */
const seedNamespace = async (namespace: string) => {
  const channels = Array.from({ length: 30 }, (_, index) => {
    const ordinal = (index * 7) % 30;
    return channelOf(ordinal, {
      name: ['Retail', 'retail', 'Wholesale', `Shop ${ordinal % 5}`][ordinal % 4] as string,
      disabled: ordinal % 3 === 0,
      updatedAt: seededAt + Math.floor(ordinal / 8),
      integration_meta: JSON.stringify({ external_id: `ch_${ordinal % 2}`, id: ordinal % 3 }),
      company_namespace: [namespace],
    });
  });
  const documents = await seedChannels(service, channels);
  const key = await service.newKey({ namespaces: [namespace] });
  const list = (query: string) => service.call(`GET /client-channel?${query}`, { key });
  return { key, list, ids: documents.map(({ _id }) => _id).sort() };
};

/** Queries with each kind of plan. `queryOf` replaces the words in capitals by ids. */
const templates = [
  '',
  'sort=-_id',
  'from__id=FOURTH',
  'sort=name',
  'sort=-name',
  'sort=updatedAt',
  'sort=-updatedAt',
  `from_updatedAt=${seededAt}&sort=updatedAt`,
  `from_updatedAt=${seededAt}&sort=-updatedAt`,
  'sort=disabled',
  'sort=-disabled',
  'disabled=true',
  'disabled=false&sort=-_id',
  'disabled=false&from__id=FOURTH',
  '_id=TWELVE',
  'integration_meta.external_id=ch_1',
  'integration_meta.id=0&sort=-name',
  'name=retail&name=Wholesale&name=Retail',
  `from_updatedAt=${seededAt + 1}`,
  'disabled=false&sort=-name',
  'search=shop',
  'search=e&disabled=false&sort=-updatedAt',
  'local_name=x',
  'sort=local_name',
];

const queryOf = (template: string, ids: string[]) =>
  template.replace('FOURTH', `${ids[3]}`).replace('TWELVE', ids.slice(0, 12).join());

/** The table and the keys of a BatchGetItem request, which always names one table here. */
const firstEntry = (requestItems: Record<string, { Keys: object[] }>) =>
  Object.entries(requestItems)[0] as [string, { Keys: object[] }];

type List = (query: string) => ReturnType<Service['call']>;

/** All pages of a list, forwards and backwards by cursor. Both directions start with a page by its number. */
const pagesOf = async (list: List, query: string) => {
  const pages: unknown[] = [];
  const read = async (start: string) => {
    const { status, body } = await list(`${query}&per_page=7&${start}`);
    const { next_cursor, prev_cursor, ...numbers } = body.pagination ?? {};
    pages.push({ status, error: body.error, data: body.data, numbers });
    return { next_cursor, prev_cursor };
  };
  for (const direction of ['next_cursor', 'prev_cursor'] as const) {
    let start: string | undefined = direction === 'next_cursor' ? 'page=1' : 'page=3';
    while (start !== undefined) {
      const cursor: string | undefined = (await read(start))[direction];
      start = cursor && `cursor=${cursor}`;
    }
  }
  return pages;
};

describe('if DynamoDB ends its pages early', () => {
  /** Ends every page early, and makes every second one empty, as DynamoDB may do after reading 1 MB. */
  const endPagesEarly = () => {
    let endedPages = 0;
    proxy.rewriteRequest = (operation, request) => {
      if (operation !== 'Query') return request;
      // Reads without a limit may take four pages.
      const maxItems = request.Limit === undefined ? 10 : 3;
      return { ...request, Limit: Math.min(request.Limit ?? maxItems, maxItems) };
    };
    proxy.rewriteResponse = (operation, request, response) => {
      if (operation !== 'Query' || !response.LastEvaluatedKey) return response;
      endedPages++;
      const isMadeEmpty = request.ExclusiveStartKey && request.Limit !== undefined && endedPages % 2;
      return isMadeEmpty
        ? { ...response, Items: [], Count: 0, LastEvaluatedKey: request.ExclusiveStartKey }
        : response;
    };
    return () => endedPages;
  };

  let seeded: Awaited<ReturnType<typeof seedNamespace>>;
  beforeAll(async () => {
    seeded = await seedNamespace('early');
  });

  test.each(templates)('all pages of a list stay the same: %s', async (template) => {
    const query = queryOf(template, seeded.ids);
    const expected = await pagesOf(seeded.list, query);
    const countEndedPages = endPagesEarly();

    const pages = await pagesOf(seeded.list, query);

    expect(pages).toEqual(expected);
    // Channels by their ids are read in batches, without a query.
    if (!/^(_id|integration_meta)/.test(template)) expect(countEndedPages()).toBeGreaterThan(0);
  });
});

describe('if DynamoDB leaves keys of a batch unprocessed', () => {
  test.each([
    '_id',
    'integration_meta.external_id=ch_1',
  ])('they are read with another call, and all pages stay the same: %s', async (filter) => {
    const { list, ids } = await seedNamespace(`batch-${filter.length}`);
    const query = filter === '_id' ? `_id=${ids.join(',')}` : filter;
    const expected = await pagesOf(list, query);
    let left = 0;
    let batchesWithRest = 0;
    proxy.rewriteRequest = (operation, request) => {
      if (operation !== 'BatchGetItem') return request;
      const [table, { Keys, ...options }] = firstEntry(request.RequestItems);
      left = Math.max(0, Keys.length - 11);
      if (left > 0) batchesWithRest++;
      return { ...request, RequestItems: { [table]: { Keys: Keys.slice(0, 11), ...options } } };
    };
    proxy.rewriteResponse = (operation, request, response) => {
      if (operation !== 'BatchGetItem' || left === 0) return response;
      const [table, { Keys, ...options }] = firstEntry(request.RequestItems);
      return { ...response, UnprocessedKeys: { [table]: { Keys: Keys.slice(11), ...options } } };
    };

    const pages = await pagesOf(list, query);

    expect(pages).toEqual(expected);
    expect(batchesWithRest).toBeGreaterThan(0);
  });
});

describe('a search with more suffix entries than one request may read', () => {
  /** Ends the result pages of suffix entries after one, and those of channels after five. A request may read four pages. */
  const makePagesSmall = () => {
    proxy.rewriteRequest = (operation, request) => {
      if (operation !== 'Query') return request;
      if (request.TableName === service.projections.name) return { ...request, Limit: 1 };
      const isOfChannels = /^[0-9a-f]{24}$/.test(request.ExpressionAttributeValues[':first']?.S);
      return isOfChannels ? { ...request, Limit: 5 } : request;
    };
  };
  const tooBroad = (how: string) => ({
    status: 400,
    body: expect.objectContaining({
      code: 'query_too_broad',
      error: `This query would read too many channels: narrow it ${how}.`,
    }),
  });

  test('reads the channels between its bounds if it has other filters, or those with its external id, and otherwise is refused', async () => {
    const { list, ids } = await seedNamespace('entries');
    await applyPending(service, 'entries', ids);
    const filtered = 'search=shop&disabled=false&sort=-updatedAt';
    const bounded = `${filtered}&from__id=${ids[12]}`;
    const expected = await list(bounded);
    expect([expected.status, expected.body.pagination.total]).toEqual([200, 2]);
    makePagesSmall();

    expect((await list(bounded)).body).toEqual(expected.body);
    expect((await list('search=shop&integration_meta.external_id=ch_1')).body.pagination.total).toBe(7);
    expect(await list(filtered)).toMatchObject(
      tooBroad('by a longer word in "search", or by "from__id" and "to__id"'),
    );
    expect(await list('search=shop')).toMatchObject(tooBroad('by a longer word'));
  });
});

describe('while the indexes, and reads that are not strongly consistent, lag behind the table', () => {
  test('lists return each known channel at most once, and no error; once the indexes have caught up, lists are exact', async () => {
    const { key, list, ids } = await seedNamespace('lag');
    const queries = templates.map((template) => queryOf(template, ids));
    const known = new Set(ids);
    await freezeEventualReads(proxy, service);

    const change = (id: string | undefined, body: object) =>
      service.call(`PUT /client-channel/${id}`, { key, body });
    const [renamed, toggled, moved, deleted] = ids;
    const replies = [
      await change(renamed, { name: 'Wholesale 2' }),
      await change(toggled, { disabled: true }),
      await change(moved, { integration_meta: { external_id: 'elsewhere' } }),
      await service.call(`DELETE /client-channel/${deleted}`, { key }),
      await service.call('POST /client-channel', { key, body: { name: 'Retail' } }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 201]);
    const created: ChannelDocument = replies[4]?.body.data;

    for (const query of queries) {
      const listed: string[] = [];
      let start: string | undefined = 'page=1';
      while (start !== undefined) {
        const { status, body } = await list(`${query}&per_page=7&${start}`);
        expect([query, status, body.error]).toEqual([query, 200, undefined]);
        listed.push(...body.data.map(({ _id }: Channel) => _id));
        start = body.pagination.next_cursor && `cursor=${body.pagination.next_cursor}`;
      }
      expect([query, listed.length]).toEqual([query, new Set(listed).size]);
      expect(listed.filter((id) => !known.has(id) && id !== created._id)).toEqual([]);
    }
    // Lists by `_id` read the table, so they are exact even now.
    expect((await list('per_page=100')).body.data).toContainEqual(created);
    expect((await list(`_id=${deleted}`)).body.data).toEqual([]);
    // A lookup by an external id reads the table too.
    const totalOf = async (id: string) =>
      (await list(`integration_meta.external_id=${id}&per_page=100`)).body.pagination.total;
    expect([await totalOf('ch_0'), await totalOf('ch_1'), await totalOf('elsewhere')]).toEqual([14, 14, 1]);

    proxy.reset();
    expect((await list('name=Retail&sort=-_id&per_page=1')).body.data).toEqual([created]);
    expect((await list('sort=-name&per_page=1')).body.data).toMatchObject([{ _id: renamed }]);
  });

  test('a list by external ids sees every acknowledged write, in each namespace of the channel', async () => {
    const namespaces = ['ids-a', 'ids-b'];
    const key = await service.newKey({ namespaces });
    const seeded = Array.from({ length: 99 }, (_, ordinal) =>
      channelOf(ordinal, {
        integration_meta: JSON.stringify({ external_id: `e${ordinal}`, id: ordinal }),
        company_namespace: ['ids-a'],
      }),
    );
    await seedChannels(service, seeded);
    await freezeEventualReads(proxy, service);
    const call = async (route: string, body?: object, headers = {}) => {
      const reply = await service.call(route, { key, headers, ...(body && { body }) });
      expect([route, reply.status, reply.body.error]).toEqual([route, expect.any(Number), undefined]);
      return reply.body;
    };
    const found = async (query: string): Promise<string[][]> => {
      const pages = namespaces.map(async (namespace) => {
        const headers = { 'x-company-namespace': namespace };
        const { data } = await call(`GET /client-channel?${query}&per_page=100`, undefined, headers);
        return data.map(({ _id }: Channel) => _id);
      });
      return Promise.all(pages);
    };
    const all = encodeURIComponent(JSON.stringify(seeded.map((_, ordinal) => `e${ordinal}`)));
    const seededIds = seeded.map(({ _id }) => _id);
    const put = (id: string | undefined, body: object) => call(`PUT /client-channel/${id}`, body);

    // A creation, and its replay.
    const body = { name: 'x', integration_meta: { external_id: 'new', id: 'new' } };
    const headers = { 'idempotency-key': 'k' };
    const { _id } = (await call('POST /client-channel', body, headers)).data;
    await call('POST /client-channel', body, headers);
    expect(await found('integration_meta.external_id=new')).toEqual([[_id], []]);
    expect(await found('integration_meta.id=new')).toEqual([[_id], []]);
    // Another external id, for a channel with one that others look up.
    await put(_id, { integration_meta: { external_id: 'e7', id: 'new' } });
    expect(await found('integration_meta.external_id=new')).toEqual([[], []]);
    expect(await found(`integration_meta.external_id=${all}`)).toEqual([[...seededIds, _id], []]);
    // The channel joins the other namespace, is changed from there, and leaves the first one.
    await put(_id, { company_namespace: namespaces });
    expect(await found('integration_meta.external_id=e7')).toEqual([[seededIds[7], _id], [_id]]);
    const inOther = { 'x-company-namespace': 'ids-b' };
    await call(`PATCH /client-channel/${_id}`, { integration_meta: { external_id: 'e8' } }, inOther);
    expect(await found('integration_meta.external_id=e8')).toEqual([[seededIds[8], _id], [_id]]);
    expect(await found('integration_meta.id=new')).toEqual([[], []]);
    await call(`PATCH /client-channel/${_id}`, { company_namespace: ['ids-b'] }, inOther);
    expect(await found('integration_meta.external_id=e8')).toEqual([[seededIds[8]], [_id]]);
    // A deletion, and metadata that are removed.
    await call(`DELETE /client-channel/${_id}`, undefined, inOther);
    await put(seededIds[8], { integration_meta: null });
    expect(await found('integration_meta.external_id=e8')).toEqual([[], []]);
    expect(await found(`integration_meta.external_id=${all}`)).toEqual([seededIds.toSpliced(8, 1), []]);
  });

  test('a list by an external id sees the writes of up to 20 channels, of more after the index has caught up or a re-index', async () => {
    const namespace = 'crowded';
    const key = await service.newKey({ namespaces: [namespace] });
    const meta = { integration_meta: { external_id: 'same' } };
    const create = async () =>
      (await service.call('POST /client-channel', { key, body: { name: 'x', ...meta } })).body.data._id;
    const found = async (): Promise<string[]> =>
      (
        await service.call('GET /client-channel?integration_meta.external_id=same&per_page=100', { key })
      ).body.data.map(({ _id }: Channel) => _id);
    const remove = (id: string | undefined) => service.call(`DELETE /client-channel/${id}`, { key });
    await freezeEventualReads(proxy, service);

    const ids: string[] = [];
    for (let count = 0; count < 20; count++) ids.push(await create());
    expect(await found()).toEqual(ids);
    ids.push(await create(), await create());
    expect(await found()).toEqual(ids.slice(0, 20));
    proxy.reset();
    expect(await found()).toEqual(ids);

    // Two channels that the item does not know are left, and a new one.
    await freezeEventualReads(proxy, service);
    for (const id of ids.splice(0, 15)) await remove(id);
    ids.push(await create());
    expect(await found()).toEqual(ids);
    await remove(ids.pop());
    proxy.reset();
    expect(await rebuildExternalKeys(service.channels, namespace)).toBe(1);
    await freezeEventualReads(proxy, service);
    await remove(ids.pop());
    expect(await found()).toEqual(ids);
    expect(await rebuildExternalKeys(service.channels, namespace)).toBe(0);
  });

  test('a search together with an external id sees every acknowledged write, also if more than 20 channels have it', async () => {
    const key = await service.newKey({ namespaces: ['both'] });
    const seeded = Array.from({ length: 25 }, (_, ordinal) =>
      channelOf(ordinal, {
        name: `Shop ${ordinal}`,
        integration_meta: '{"id":7}',
        company_namespace: ['both'],
      }),
    );
    await seedChannels(service, seeded);
    await freezeEventualReads(proxy, service);
    const body = { name: 'New shop', integration_meta: { external_id: 'new', id: 7 } };
    const { data: created } = (await service.call('POST /client-channel', { key, body })).body;

    for (const [query, total] of [
      ['search=shop&integration_meta.external_id=new', 1],
      ['search=nobody&integration_meta.external_id=new', 0],
      ['search=shop&integration_meta.id=7', 26],
      ['search=shop&integration_meta.id=7&integration_meta.external_id=new', 1],
    ] as const) {
      const { pagination, data } = (await service.call(`GET /client-channel?${query}&sort=-_id`, { key }))
        .body;
      expect([query, pagination.total]).toEqual([query, total]);
      if (total) expect(data[0]).toEqual(created);
    }
  });

  test('a search with other filters or another order sees every acknowledged write, however many channels it finds', async () => {
    const key = await service.newKey({ namespaces: ['hits'] });
    const call = (route: string, body?: object) => service.call(route, { key, ...(body && { body }) });
    // More hits than are read one by one.
    const seeded = Array.from({ length: 253 }, (_, ordinal) =>
      channelOf(ordinal, { name: `Shop ${ordinal}`, company_namespace: ['hits'] }),
    );
    await seedChannels(service, seeded);
    await freezeEventualReads(proxy, service);
    const body = { name: 'New shop', disabled: true, integration_meta: { external_id: 'new', id: 7 } };

    const created: ChannelDocument = (await call('POST /client-channel', body)).body.data;
    const deleted = await call(`DELETE /client-channel/${seeded[100]?._id}`);

    expect(deleted.status).toBe(200);
    const onlyCreated = { data: [created], total: 1 };
    const expected: Record<string, unknown> = {
      'search=shop&disabled=true': onlyCreated,
      'search=shop&name=New+shop': onlyCreated,
      'search=shop&integration_meta.external_id=new': onlyCreated,
      'search=shop&integration_meta.id=7': onlyCreated,
      [`search=shop&from_updatedAt=${seededAt + 253}`]: onlyCreated,
      'search=shop&disabled=false&per_page=1': {
        data: [seeded[0]].map((channel) => toDocument(channel as Channel)),
        total: 252,
      },
      'search=shop&sort=-updatedAt&per_page=1': { data: [created], total: 253 },
      [`search=shop&disabled=true&from__id=${seeded[0]?._id}`]: onlyCreated,
    };
    const listed: typeof expected = {};
    for (const query of Object.keys(expected)) {
      const { body: list } = await call(`GET /client-channel?${query}`);
      listed[query] = { data: list.data, total: list.pagination?.total };
    }
    expect(listed).toEqual(expected);
  });
});
