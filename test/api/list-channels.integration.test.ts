import { describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import { aTime, failure } from '../support/matchers.ts';
import { startPrefixProxy } from '../support/prefix-proxy.ts';
import { channelOf, metaOfSize, seedChannels } from '../support/seed.ts';
import type { Reply } from '../support/service.ts';
import { useService } from '../support/use-service.ts';
import { walks, walkWhileWriting } from '../support/walk-while-writing.ts';

const service = useService();

let namespaces = 0;
/** Seeds a new namespace with these channels. Returns functions that list it. */
const seedNamespace = async (fields: Partial<Channel>[]) => {
  const namespace = `list${namespaces++}`;
  const channels = fields.map((each, index) =>
    channelOf(index + 1, { ...each, company_namespace: [namespace] }),
  );
  const documents = await seedChannels(service, channels);
  const key = await service.newKey({ namespaces: [namespace] });
  const list = (query: string) => service.call(`GET /client-channel?${query}`, { key });
  const names = async (query: string): Promise<string[]> => {
    const { status, body } = await list(query);
    expect([status, body.error]).toEqual([200, undefined]);
    return body.data.map(({ name }: { name: string }) => name);
  };
  return { namespace, documents, key, list, names, ids: documents.map(({ _id }) => _id) };
};
const many = (count: number, fields: Partial<Channel> = {}) => Array.from({ length: count }, () => fields);
const named = (...all: string[]) => all.map((name) => ({ name }));
const param = (name: string, value: string) => `${name}=${encodeURIComponent(value)}`;

describe('GET /client-channel', () => {
  test('returns a page with its exact totals, and links to the other pages', async () => {
    const { documents, list } = await seedNamespace(many(60));
    const first = await list('per_page=25');
    expect(first).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    const { next_cursor } = first.body.pagination;
    expect(first.body).toEqual({
      success: true,
      data: documents.slice(0, 25),
      pagination: {
        page: 1,
        per_page: 25,
        pre_page: 0,
        next_page: 2,
        total: 60,
        total_page: 3,
        next_cursor: expect.stringMatching(/^[\w-]+$/),
      },
    });
    expect(first.headers.link).toBe(
      [
        '<?per_page=25&page=1>; rel="first"',
        `<?per_page=25&cursor=${next_cursor}>; rel="next"`,
        '<?per_page=25&page=3>; rel="last"',
      ].join(', '),
    );

    const third = await list('per_page=25&page=3');
    expect(third.body).toEqual({
      success: true,
      data: documents.slice(50),
      pagination: {
        page: 3,
        per_page: 25,
        pre_page: 2,
        next_page: 0,
        total: 60,
        total_page: 3,
        prev_cursor: expect.any(String),
      },
    });
  });

  test("returns the structure of the specification's example", async () => {
    const { namespace, list } = await seedNamespace([
      {
        _id: '60f1b2b3c9e9a12345678901',
        name: 'Retail Channel',
        local_name: 'قناة التجزئة',
        integration_meta: '{"external_id":"ch_123"}',
        updatedAt: Date.parse('2023-01-15T10:30:00.000Z'),
      },
    ]);
    expect((await list('')).body).toEqual({
      success: true,
      data: [
        {
          _id: '60f1b2b3c9e9a12345678901',
          name: 'Retail Channel',
          local_name: 'قناة التجزئة',
          disabled: false,
          integration_meta: { external_id: 'ch_123' },
          company_namespace: [namespace],
          // It follows from the id.
          createdAt: aTime,
          updatedAt: '2023-01-15T10:30:00.000Z',
          __v: 0,
        },
      ],
      pagination: { page: 1, per_page: 25, pre_page: 0, next_page: 0, total: 1, total_page: 1 },
    });
  });

  test('returns an empty list for an empty namespace', async () => {
    const { list } = await seedNamespace([]);
    expect((await list('')).body).toEqual({
      success: true,
      data: [],
      pagination: { page: 1, per_page: 25, pre_page: 0, next_page: 0, total: 0, total_page: 0 },
    });
  });

  test('returns no data, but the exact totals, for a page past the end', async () => {
    const { list } = await seedNamespace(many(3));
    expect((await list('page=5&per_page=2')).body).toEqual({
      success: true,
      data: [],
      pagination: { page: 5, per_page: 2, pre_page: 4, next_page: 0, total: 3, total_page: 2 },
    });
  });

  test.each([
    ['serch=x', 'serch', 'is not known (did you mean search?)'],
    ['per_page=101', 'per_page', 'must be a whole number from 1 to 100, written in digits only'],
    ['page=0', 'page', 'must be a whole number from 1 to 9007199254740991, written in digits only'],
    ['disabled=yes', 'disabled', 'must be true or false'],
    ['page=1&page=2', 'page', 'takes one value, but was given 2'],
    ['page=1&cursor=x', 'page', "can't be combined with cursor: the cursor already holds the page"],
  ])('refuses %s, and names the parameter', async (query, path, message) => {
    const { list } = await seedNamespace([]);
    expect(await list(query)).toEqual(
      failure(400, 'invalid_request', `The query parameter "${path}" ${message}.`, [{ path, message }]),
    );
  });

  test('has links, and a location for a new channel, that work behind a path prefix', async () => {
    const { key, ids } = await seedNamespace(many(5));
    const proxy = await startPrefixProxy('/erp/v1', service.url);
    const collection = `${proxy.endpoint}/erp/v1/client-channel`;
    const fetchJson = async (url: URL, options: RequestInit = {}) => {
      const headers = { 'api-key': key, 'content-type': 'application/json' };
      const response = await fetch(url, { headers, ...options });
      expect(response.ok).toBe(true);
      return { headers: response.headers, data: ((await response.json()) as { data: unknown }).data };
    };

    const listed: string[] = [];
    let url: URL | undefined = new URL(`${collection}?per_page=2`);
    while (url) {
      const page = await fetchJson(url);
      listed.push(...(page.data as { _id: string }[]).map(({ _id }) => _id));
      const next = /<([^>]*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
      url = next === undefined ? undefined : new URL(next, url);
    }
    const created = await fetchJson(new URL(collection), { method: 'POST', body: '{"name":"x"}' });
    const read = await fetchJson(new URL(created.headers.get('location') ?? '', collection));
    proxy.close();

    expect(listed).toEqual(ids);
    expect(read.data).toEqual(created.data);
  });

  test('is compressed with gzip from 1 KB on if the client accepts it, and says that it depends on that', async () => {
    const { documents, key } = await seedNamespace(many(100));
    const get = (path: string, encoding: string) =>
      service.call(`GET /client-channel${path}`, { key, headers: { 'accept-encoding': encoding } });
    const list = '?per_page=100';

    const zipped = await get(list, 'br, gzip;q=0.5');
    const plain = await get(list, 'gzip;q=0, br');
    const small = await get(`/${documents[0]?._id}`, 'gzip');
    const error = await get(
      `?${many(50)
        .map((_, index) => `unknown${index}=`)
        .join('&')}`,
      'gzip',
    );

    expect(zipped.body).toEqual({ ...plain.body, data: documents });
    expect(zipped.headers).toMatchObject({
      'content-encoding': 'gzip',
      'x-consumed-capacity': expect.stringMatching(/^calls=/),
    });
    expect(Number(plain.headers['content-length'])).toBeGreaterThan(
      10 * Number(zipped.headers['content-length']),
    );
    expect(error).toMatchObject({
      status: 400,
      headers: { 'content-encoding': 'gzip' },
      body: { code: 'invalid_request' },
    });
    for (const reply of [plain, small]) expect(reply.headers).not.toHaveProperty('content-encoding');
    for (const { headers } of [zipped, plain, small, error]) expect(headers.vary).toBe('Accept-Encoding');
  });

  test('leaves out the links if they would exceed 4 KB', async () => {
    const { documents, list, ids } = await seedNamespace(many(100));
    const { status, headers, body } = await list(ids.map((id) => `_id=${id}`).join('&'));
    expect([status, headers.link, body.data]).toEqual([200, undefined, documents.slice(0, 25)]);
  });

  test('refuses a page that is too deep, and recommends the cursor', async () => {
    const { list } = await seedNamespace([]);
    expect(await list('sort=name&page=101&per_page=100')).toEqual(
      failure(400, 'page_too_deep', expect.stringContaining('cursor')),
    );
    expect(await list('sort=name&page=100&per_page=100')).toMatchObject({ status: 200 });
    // In the order of ids, pages have no such limit.
    expect(await list('page=101&per_page=100')).toMatchObject({ status: 200 });
    expect(await list(`page=${Number.MAX_SAFE_INTEGER}&per_page=100`)).toEqual(
      failure(400, 'page_too_deep', expect.stringContaining('cursor')),
    );
  });

  test('refuses a page that is too large, and names the largest per_page that is not', async () => {
    const { list } = await seedNamespace(many(100, { integration_meta: metaOfSize(65_536) }));
    const refused = await list('per_page=100');
    expect(refused).toEqual(failure(400, 'page_too_large'));
    const [, fits] = /per_page=(\d+)/.exec(refused.body.error) ?? [];
    expect(await list(`per_page=${fits}`)).toMatchObject({ status: 200 });
    expect(await list(`per_page=${Number(fits) + 1}`)).toMatchObject({ status: 400 });
  });

  test('names a per_page that is not too large for a page backwards too', async () => {
    const meta = { integration_meta: metaOfSize(65_536) };
    const { ids, list } = await seedNamespace([...many(20), ...many(85, meta), {}]);
    const last = (await list('per_page=1&page=106')).body;
    const back = `cursor=${last.pagination.prev_cursor}`;
    const refused = await list(`${back}&per_page=100`);
    expect(refused).toEqual(failure(400, 'page_too_large'));
    const [, fits] = /per_page=(\d+)/.exec(refused.body.error) ?? [];
    expect((await list(`${back}&per_page=${fits}`)).body.data?.at(-1)._id).toBe(ids[104]);
  });
});

describe('a cursor', () => {
  test('leads forwards and backwards, with pages of any size', async () => {
    const { documents, list } = await seedNamespace(many(10));
    const pageOf = async (query: string) => {
      const { data, pagination } = (await list(query)).body;
      return { data, ...pagination };
    };
    const first = await pageOf('per_page=4');
    const second = await pageOf(`per_page=4&cursor=${first.next_cursor}`);
    expect([second.data, second.page, second.pre_page, second.next_page]).toEqual([
      documents.slice(4, 8),
      2,
      1,
      3,
    ]);
    const last = await pageOf(`per_page=100&cursor=${second.next_cursor}`);
    expect([last.data, last.next_page, last.next_cursor]).toEqual([documents.slice(8), 0, undefined]);
    const back = await pageOf(`per_page=3&cursor=${second.prev_cursor}`);
    expect([back.data, back.page]).toEqual([documents.slice(1, 4), 1]);
    const beginning = await pageOf(`per_page=3&cursor=${back.prev_cursor}`);
    expect([beginning.data, beginning.pre_page, beginning.prev_cursor]).toEqual([
      documents.slice(0, 1),
      0,
      undefined,
    ]);
  });

  test('is refused if the filters or the sort differ from its own', async () => {
    const { list } = await seedNamespace(many(4));
    const { next_cursor } = (await list('per_page=1&disabled=false')).body.pagination;
    for (const other of [
      '',
      'disabled=true',
      'disabled=false&search=x',
      'disabled=false&sort=-_id',
      // This sort gives the same order of channels, but it is a different sort.
      'disabled=false&sort=createdAt',
    ])
      expect(await list(`${other}&cursor=${next_cursor}`)).toEqual(failure(400, 'cursor_mismatch'));
    expect(await list(`disabled=false&sort=_id&cursor=${next_cursor}`)).toMatchObject({ status: 200 });
  });

  test('is accepted if the same filters are in another order, or repeated', async () => {
    const filters = (names: string[], [id, other]: string[], words: string, meta: string[]) =>
      [
        ...names.map((name) => param('name', name)),
        `_id=${id},${other}`,
        param('search', words),
        ...meta.map((key) => `integration_meta.${key}=x`),
        'disabled=false',
      ].join('&');
    const meta = { integration_meta: '{"a":"x","b":"x"}' };
    const { list, ids } = await seedNamespace([
      { name: 'a b', ...meta },
      { name: 'b a', ...meta },
    ]);
    const { next_cursor } = (await list(`${filters(['a b', 'b a'], ids, 'a b', ['a', 'b'])}&per_page=1`)).body
      .pagination;
    const again = `${filters(['b a', 'a b', 'b a'], ids.toReversed(), 'b a', ['b', 'a'])}&cursor=${next_cursor}`;
    expect((await list(again)).body.data).toMatchObject([{ _id: ids[1] }]);
  });

  test.each([
    'x',
    'AAAA',
    '%00',
    `${'A'.repeat(200)}`,
  ])('is refused if it is not one of the service: %s', async (text) => {
    const { list } = await seedNamespace([]);
    for (const query of [`cursor=${text}`, `from__id=${text}`, `to__id=${text}`])
      expect(await list(query)).toEqual(failure(400, 'invalid_cursor'));
  });

  test('is refused if any of its characters is changed', async () => {
    const { list } = await seedNamespace(many(2));
    const { next_cursor: cursor } = (await list('per_page=1')).body.pagination;
    const flip = (at: number) =>
      `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
    for (const at of [0, 1, 5, 20, Math.floor(cursor.length / 2), cursor.length - 8])
      expect(await list(`per_page=1&cursor=${flip(at)}`)).toEqual(failure(400, 'invalid_cursor'));
    expect(await list(`per_page=1&cursor=${cursor}`)).toMatchObject({ status: 200 });
  });

  test.each([
    'sort=_id',
    'sort=name',
  ])('leads on from a page that was reached backwards, even if channels before it were deleted: %s', async (sort) => {
    const { key, list, documents, ids } = await seedNamespace(
      Array.from({ length: 10 }, (_, index) => ({ name: `Channel ${index}` })),
    );
    const first = await list(`${sort}&per_page=8`);
    const last = await list(`${sort}&per_page=8&cursor=${first.body.pagination.next_cursor}`);
    for (const id of ids.slice(0, 5)) await service.call(`DELETE /client-channel/${id}`, { key });

    const back = await list(`${sort}&per_page=2&cursor=${last.body.pagination.prev_cursor}`);
    const { next_cursor } = back.body.pagination;
    const again = await list(`${sort}&per_page=2&cursor=${next_cursor}`);
    expect([back.body.data, next_cursor, again.body.data]).toEqual([
      documents.slice(6, 8),
      expect.any(String),
      documents.slice(8),
    ]);
  });

  test.each([
    'sort=_id',
    'sort=name',
  ])('leads to the end of the list, if the channels after it were deleted: %s', async (sort) => {
    const { key, list, documents, ids } = await seedNamespace(
      Array.from({ length: 6 }, (_, index) => ({ name: `Channel ${index}` })),
    );
    const first = (await list(`${sort}&per_page=4`)).body.pagination;
    const last = (await list(`${sort}&per_page=4&cursor=${first.next_cursor}`)).body.pagination;
    for (const id of ids.slice(4)) await service.call(`DELETE /client-channel/${id}`, { key });

    const further = (await list(`${sort}&per_page=4&cursor=${first.next_cursor}`)).body;
    expect([further.data, further.pagination]).toEqual([
      [],
      {
        page: 2,
        per_page: 4,
        pre_page: 1,
        next_page: 0,
        total: 4,
        total_page: 1,
        prev_cursor: expect.any(String),
      },
    ]);
    const again = (await list(`${sort}&per_page=3&cursor=${further.pagination.prev_cursor}`)).body;
    expect([again.data, again.pagination.page]).toEqual([documents.slice(1, 4), 1]);

    // The page number follows from the channels that are now before the page.
    await service.call(`DELETE /client-channel/${ids[0]}`, { key });
    const fewer = (await list(`${sort}&per_page=4&cursor=${first.next_cursor}`)).body.pagination;
    const recounted = (await list(`${sort}&per_page=2&cursor=${fewer.prev_cursor}`)).body;
    expect([recounted.data, recounted.pagination.page]).toEqual([documents.slice(2, 4), 1]);
    const back = (await list(`${sort}&per_page=3&cursor=${last.prev_cursor}`)).body;
    expect(back.data).toEqual(documents.slice(1, 4));
  });

  test.each([
    'sort=_id',
    'sort=name',
    'sort=-updatedAt',
    'sort=local_name',
  ])('leads on if all channels before it were deleted, and to an empty page if all were: %s', async (query) => {
    const { key, list } = await seedNamespace(many(6));
    const removeAll = async (channels: { _id: string }[]) => {
      for (const { _id } of channels) await service.call(`DELETE /client-channel/${_id}`, { key });
    };
    const first = (await list(`${query}&per_page=3`)).body;
    const second = (await list(`${query}&per_page=3&cursor=${first.pagination.next_cursor}`)).body;
    await removeAll(first.data);

    const back = `${query}&per_page=3&cursor=${second.pagination.prev_cursor}`;
    const { data, pagination } = (await list(back)).body;
    expect([data, pagination]).toEqual([
      [],
      {
        page: 1,
        per_page: 3,
        pre_page: 0,
        next_page: 2,
        total: 3,
        total_page: 1,
        next_cursor: expect.any(String),
      },
    ]);
    const onwards = `${query}&per_page=3&cursor=${pagination.next_cursor}`;
    const numbers = { page: 1, per_page: 3, pre_page: 0, next_page: 0 };
    const there = (await list(onwards)).body;
    expect([there.data, there.pagination]).toEqual([second.data, { ...numbers, total: 3, total_page: 1 }]);

    await removeAll(second.data);
    const behindFirst = `${query}&per_page=3&cursor=${first.pagination.next_cursor}`;
    for (const [left, page] of [
      [back, 1],
      [onwards, 1],
      [behindFirst, 2],
    ] as const) {
      const nothing = (await list(left)).body;
      expect([nothing.data, nothing.pagination]).toEqual([
        [],
        { ...numbers, page, pre_page: page - 1, total: 0, total_page: 0 },
      ]);
    }
  });

  test('never leads backwards to a page number below 1, even if many channels were created before it', async () => {
    const { key, list, ids } = await seedNamespace(many(4));
    const first = await list('sort=-_id&per_page=2');
    const second = await list(`sort=-_id&per_page=2&cursor=${first.body.pagination.next_cursor}`);
    const newer: string[] = [];
    for (const name of ['1', '2', '3', '4', '5'])
      newer.push((await service.call('POST /client-channel', { key, body: { name } })).body.data._id);
    newer.sort();

    const back = await list(`sort=-_id&per_page=4&cursor=${second.body.pagination.prev_cursor}`);
    expect(back.body.data.map(({ _id }: { _id: string }) => _id)).toEqual([
      newer[1],
      newer[0],
      ids[3],
      ids[2],
    ]);
    expect(back.body.pagination).toEqual({
      page: 1,
      per_page: 4,
      pre_page: 0,
      next_page: 2,
      total: 9,
      total_page: 3,
      next_cursor: expect.any(String),
      prev_cursor: expect.any(String),
    });
  });

  test('returns every unchanged channel once, forwards and backwards, while other clients write', async () => {
    const { namespace, key, list, ids } = await seedNamespace(many(60));
    const unchanged = ids.filter((_, index) => index % 3 !== 0);
    const toDelete = ids.filter((_, index) => index % 3 === 0);
    const write = async () => {
      const id = toDelete.pop();
      if (!id) return;
      await service.call(`DELETE /client-channel/${id}`, { key });
      await service.call('POST /client-channel', {
        key,
        body: { name: 'new', company_namespace: [namespace] },
      });
      await service.call(`PUT /client-channel/${unchanged[toDelete.length]}`, {
        key,
        body: { name: 'renamed' },
      });
    };
    const readForwards = async (sort: string) => {
      const listed: string[] = [];
      let cursor: string | undefined = '';
      let lastPrevCursor = '';
      while (cursor !== undefined) {
        const { body } = await list(`${sort}&per_page=7${cursor && `&cursor=${cursor}`}`);
        listed.push(...body.data.map(({ _id }: { _id: string }) => _id));
        lastPrevCursor = body.pagination.prev_cursor ?? lastPrevCursor;
        cursor = body.pagination.next_cursor;
        await write();
      }
      return { listed, lastPrevCursor };
    };
    const readBackwards = async (sort: string, from: string) => {
      const listed: string[] = [];
      let cursor: string | undefined = from;
      while (cursor) {
        const { body } = await list(`${sort}&per_page=7&cursor=${cursor}`);
        listed.unshift(...body.data.map(({ _id }: { _id: string }) => _id));
        cursor = body.pagination.prev_cursor;
      }
      return listed;
    };

    for (const sort of ['sort=_id', 'sort=-_id']) {
      const { listed, lastPrevCursor } = await readForwards(sort);
      expect(listed.filter((id) => unchanged.includes(id)).sort()).toEqual(unchanged);
      expect(new Set(listed).size).toBe(listed.length);

      const backwards = await readBackwards(sort, lastPrevCursor);
      expect(new Set(backwards).size).toBe(backwards.length);
      // The cursor of the last page leads backwards from its first channel.
      const lastPage = listed.slice(listed.lastIndexOf(backwards.at(-1) as string) + 1);
      expect([...backwards, ...lastPage].filter((id) => unchanged.includes(id)).sort()).toEqual(unchanged);
    }
  });
});

describe('reading a whole list by cursor, one channel a page,', () => {
  const channels = [
    { name: 'b', disabled: true, updatedAt: 3_000 },
    { name: 'É', local_name: 'x', updatedAt: 1_000 },
    { name: 'b', local_name: 'a', updatedAt: 2_000 },
    { name: 'a', local_name: 'x', updatedAt: 2_000 },
    { name: 'B', updatedAt: 2_000 },
  ];
  const fields = ['_id', 'name', 'local_name', 'disabled', 'createdAt', 'updatedAt'];
  test.each([
    ...fields.flatMap((field) => [`sort=${field}`, `sort=-${field}`]),
    'disabled=false',
    'search=b&sort=-updatedAt',
    'from_updatedAt=1000&sort=local_name',
  ])('returns each channel once, forwards and backwards, with the right page number: %s', async (query) => {
    const { documents, list } = await seedNamespace(channels);
    const whole: string[] = (await list(query)).body.data.map(({ _id }: { _id: string }) => _id);
    const readAll = async (firstPage: string, direction: 'next_cursor' | 'prev_cursor') => {
      const listed: [id: string, page: number][] = [];
      let start: string | undefined = firstPage;
      while (start !== undefined) {
        const { data, pagination }: Reply['body'] = (await list(`${query}&per_page=1&${start}`)).body;
        expect([data.length, pagination.total]).toEqual([1, whole.length]);
        listed.push([data[0]._id, pagination.page]);
        start = pagination[direction] && `cursor=${pagination[direction]}`;
      }
      return listed;
    };
    const numbered = whole.map((id, index) => [id, index + 1]);
    expect(await readAll('page=1', 'next_cursor')).toEqual(numbered);
    expect(await readAll(`page=${whole.length}`, 'prev_cursor')).toEqual(numbered.toReversed());
    expect(whole.length).toBeGreaterThanOrEqual(3);
    expect(whole.length).toBeLessThanOrEqual(documents.length);
  });
});

describe('reading a whole list by cursor, while other clients write,', () => {
  test.each(walks)('returns every unchanged channel once: %s by %s', async (query, direction) => {
    const names = Array.from({ length: 24 }, (_, index) => `kept ${index % 7}`);
    const { key, ids } = await seedNamespace(
      names.flatMap((name) => [{ name }, { name: `${name}, changeable` }]),
    );

    const walk = await walkWhileWriting(service.call, key, { query, direction, perPage: 5, ids });

    expect(walk.statuses).toEqual(new Set([200, 201]));
    expect(walk.listed.filter((id) => walk.unchanged.includes(id)).sort()).toEqual(walk.unchanged);
  });
});

describe('from__id and to__id', () => {
  test('limit the ids on both sides, and the total counts only the ids between them', async () => {
    const { list, documents, ids } = await seedNamespace(many(10));
    const asked = async (query: string) => {
      const { body } = await list(query);
      return [body.data, body.pagination.total];
    };
    expect(await asked(`from__id=${ids[2]}&per_page=2`)).toEqual([documents.slice(3, 5), 7]);
    expect(await asked(`to__id=${ids[2]?.toUpperCase()}`)).toEqual([documents.slice(0, 2), 2]);
    expect(await asked(`from__id=${ids[2]}&to__id=${ids[5]}&sort=-_id`)).toEqual([
      documents.slice(3, 5).reverse(),
      2,
    ]);
    expect(await asked(`from__id=${ids[5]}&to__id=${ids[5]}`)).toEqual([[], 0]);
  });

  test('accept cursors of lists by id, whatever their filters', async () => {
    const { list, documents } = await seedNamespace(many(10));
    const { next_cursor } = (await list('per_page=4&disabled=false')).body.pagination;
    expect((await list(`from__id=${next_cursor}`)).body.data).toEqual(documents.slice(4));
    expect((await list(`to__id=${next_cursor}&sort=-_id`)).body.data).toEqual(
      documents.slice(0, 4).reverse(),
    );
    const { next_cursor: byName } = (await list('per_page=4&sort=name')).body.pagination;
    expect(await list(`from__id=${byName}`)).toEqual(failure(400, 'invalid_cursor'));
  });
});

describe('a filter', () => {
  test.each([2, 100])('by %d ids accepts every form of a list', async (count) => {
    const { list, ids, documents } = await seedNamespace(many(count + 3));
    const asked = ids.slice(0, count);
    // With 100 ids, not all brackets can be encoded: the gateway accepts 10,240 bytes.
    const forms = [
      param('_id', JSON.stringify(asked)),
      `_id=${asked.join(',')}`,
      asked.map((id) => `_id=${id}`).join('&'),
      asked.map((id) => `_id[]=${id}`).join('&'),
      asked.map((id, index) => `_id[${index}]=${id}`).join('&'),
      asked.map((id) => `_id%5B%5D=${id.toUpperCase()}`).join('&'),
    ];
    for (const form of forms) {
      const { body } = await list(`${form}&per_page=100`);
      expect([body.data, body.pagination.total]).toEqual([documents.slice(0, count), count]);
    }
  });

  test('by an empty list of ids, or by text that is not an id, matches nothing', async () => {
    const { names } = await seedNamespace(many(2));
    // The long text sorts between ids, and is longer than the key of an item can be.
    for (const query of ['_id=[]', '_id=x', '_id=60f1b2b3c9e9a12345678901', `_id=${'a'.repeat(1_025)}`])
      expect(await names(query)).toEqual([]);
  });

  test('by names is exact, including commas and brackets', async () => {
    const { names } = await seedNamespace(named('a', 'A', 'a,b', ' a', '["a"]', '[x]'));
    expect(await names('name=a')).toEqual(['a']);
    expect(await names('name=a,b')).toEqual(['a,b']);
    expect(await names(param('name', '["a","[x]"]'))).toEqual(['a', '[x]']);
    expect(await names(param('name[]', '["a"]').replace('%5B%5D', '[]'))).toEqual(['["a"]']);
    expect(await names('name=[x]&name=+a')).toEqual([' a', '[x]']);
  });

  test('by local names does not match channels without a local name', async () => {
    const { names } = await seedNamespace([
      { name: '1', local_name: 'قناة' },
      { name: '2' },
      { name: '3', local_name: 'x' },
    ]);
    expect(await names(`${param('local_name[]', 'قناة')}&local_name[]=undefined`)).toEqual(['1']);
  });

  test('by state accepts true, false, and the words that clients send for no value', async () => {
    const { names } = await seedNamespace([{ name: 'on' }, { name: 'off', disabled: true }]);
    expect(await names('disabled=true')).toEqual(['off']);
    expect(await names('disabled=false')).toEqual(['on']);
    for (const absent of ['', 'null', 'undefined'])
      expect(await names(`disabled=${absent}`)).toEqual(['on', 'off']);
  });

  test('by time matches channels that were updated strictly later', async () => {
    const { names } = await seedNamespace([
      { name: '1', updatedAt: 1_000 },
      { name: '2', updatedAt: 2_000 },
    ]);
    expect(await names('from_updatedAt=1000')).toEqual(['2']);
    expect(await names('from_updatedAt=999')).toEqual(['1', '2']);
  });

  test('by metadata compares scalars as text, at any path', async () => {
    const { names } = await seedNamespace([
      { name: 'text', integration_meta: '{"external_id":"5"}' },
      { name: 'number', integration_meta: '{"external_id":5}' },
      { name: 'deep', integration_meta: '{"a":{"b":"x"}}' },
      { name: 'dotted', integration_meta: '{"a.b":"x"}' },
      { name: 'proto', integration_meta: '{"__proto__":"x"}' },
      { name: 'none' },
    ]);
    expect(await names('integration_meta.external_id=5')).toEqual(['text', 'number']);
    expect(await names(param('integration_meta', '{"external_id":5}'))).toEqual(['text', 'number']);
    expect(await names('integration_meta.a.b=x')).toEqual(['deep']);
    expect(await names('integration_meta[a][b]=x')).toEqual(['deep']);
    expect(await names('integration_meta[a.b]=x')).toEqual(['dotted']);
    expect(await names('integration_meta.__proto__=x')).toEqual(['proto']);
    expect(await names('integration_meta.a=x')).toEqual([]);
  });

  test('by metadata accepts text that no channel can contain, and matches nothing', async () => {
    const { names } = await seedNamespace([{ name: 'a', integration_meta: '{"a":"x"}' }]);
    for (const meta of ['{"a":"\\ud800"}', '{"\\udfff":"x"}'])
      expect(await names(param('integration_meta', meta))).toEqual([]);
  });

  test('by search matches names that contain all words, whatever their case, accents and Arabic forms', async () => {
    const { names } = await seedNamespace(
      named('Retail Channel', 'Rétail', 'قناة التجزئة', 'أحمد', 'Wholesale'),
    );
    expect(await names('search=retail')).toEqual(['Retail Channel', 'Rétail']);
    expect(await names('search=CHAN+tai')).toEqual(['Retail Channel']);
    expect(await names(param('search', 'قَنـاه التجزيه'))).toEqual(['قناة التجزئة']);
    expect(await names(param('search', 'احمد'))).toEqual(['أحمد']);
    expect(await names('search=+')).toHaveLength(5);
    expect(await names('search=retail+whole')).toEqual([]);
  });

  test('can be combined with other filters', async () => {
    const { names } = await seedNamespace([{ name: 'ab' }, { name: 'abc', disabled: true }, { name: 'b' }]);
    expect(await names('search=a&disabled=true&name[]=ab&name[]=abc')).toEqual(['abc']);
  });
});

describe('a list that reads an index', () => {
  test('reflects every change of a channel', async () => {
    const { key, list, ids } = await seedNamespace([
      { name: 'b', integration_meta: '{"external_id":"x1","id":1}' },
      { name: 'c', integration_meta: '{"external_id":"x1"}', disabled: true },
    ]);
    const change = (body: object) => service.call(`PUT /client-channel/${ids[0]}`, { key, body });
    const found = async (query: string) => {
      const { data, pagination } = (await list(query)).body;
      expect(data).toHaveLength(pagination.total);
      return data.map(({ _id }: Channel) => (_id === ids[0] ? 'it' : 'other'));
    };
    const everywhere = async () => ({
      x1: await found('integration_meta.external_id=x1'),
      x2: await found('integration_meta.external_id=x2'),
      one: await found('integration_meta.id=1'),
      b: await found('name=b'),
      d: await found('name=d'),
      enabled: await found('disabled=false'),
      byName: await found('sort=name'),
      byStatus: await found('sort=disabled'),
      latest: (await found('sort=-updatedAt'))[0],
    });
    const there = {
      x1: ['it', 'other'],
      x2: [],
      one: ['it'],
      b: ['it'],
      d: [],
      enabled: ['it'],
      byName: ['it', 'other'],
      byStatus: ['it', 'other'],
    };
    expect(await everywhere()).toEqual({ ...there, latest: 'other' });

    await change({ integration_meta: { external_id: 'x2', id: 1 } });
    const moved = { ...there, x1: ['other'], x2: ['it'], latest: 'it' };
    expect(await everywhere()).toEqual(moved);

    await change({ integration_meta: { id: 2 } });
    expect(await everywhere()).toEqual({ ...moved, x2: [], one: [] });

    await change({ integration_meta: { id: 1 } });
    await change({ integration_meta: null });
    expect(await everywhere()).toEqual({ ...moved, x2: [], one: [] });

    await change({ name: 'd', integration_meta: { external_id: 'x1' } });
    expect(await everywhere()).toEqual({
      ...there,
      one: [],
      b: [],
      d: ['it'],
      byName: ['other', 'it'],
      latest: 'it',
    });

    await change({ name: 'b', disabled: true });
    expect(await everywhere()).toEqual({ ...there, one: [], enabled: [], latest: 'it' });

    await service.call(`DELETE /client-channel/${ids[0]}`, { key });
    expect(await everywhere()).toEqual({
      x1: ['other'],
      x2: [],
      one: [],
      b: [],
      d: [],
      enabled: [],
      byName: ['other'],
      byStatus: ['other'],
      latest: 'other',
    });
  });
});

describe('a sort', () => {
  const channels = [
    { name: 'b', local_name: 'x', disabled: true, updatedAt: 3_000 },
    { name: 'É', updatedAt: 1_000 },
    { name: 'a', local_name: 'a', updatedAt: 2_000 },
  ];
  test.each([
    ['', ['b', 'É', 'a']],
    ['sort=-_id', ['a', 'É', 'b']],
    ['sortPageOrder=desc', ['a', 'É', 'b']],
    ['sort=name', ['a', 'b', 'É']],
    ['sort=name&sortPageOrder=dsc', ['É', 'b', 'a']],
    ['sort=local_name', ['É', 'a', 'b']],
    ['sort=-local_name', ['b', 'a', 'É']],
    ['sort=disabled', ['É', 'a', 'b']],
    ['sort=-disabled', ['b', 'a', 'É']],
    ['sort=createdAt', ['b', 'É', 'a']],
    ['sort=-createdAt', ['a', 'É', 'b']],
    ['sort=updatedAt', ['É', 'a', 'b']],
    [
      'sortBy[0][field]=disabled&sortBy[0][type]=asc&sortBy[1][field]=name&sortBy[1][type]=desc',
      ['É', 'a', 'b'],
    ],
    [param('sortBy', '[{"field":"updatedAt","type":"desc"}]'), ['b', 'a', 'É']],
  ])('by %j returns this order', async (query, sorted) => {
    const { names } = await seedNamespace(channels);
    expect(await names(query)).toEqual(sorted);
  });
});

describe('a namespace that is larger than the read budget', () => {
  test('can be listed by id and by index, and refuses lists that would read all of it', async () => {
    const { list, names, ids } = await seedNamespace(many(90, { integration_meta: metaOfSize(60_000) }));
    const { body } = await list('per_page=50');
    expect([body.data.length, body.pagination.total]).toEqual([50, 90]);
    const next = await list(`per_page=50&cursor=${body.pagination.next_cursor}`);
    expect(next.body.data.map(({ _id }: { _id: string }) => _id)).toEqual(ids.slice(50));
    expect((await list('per_page=30&page=3')).body.data).toHaveLength(30);
    expect(await names(`_id=${ids[80]}`)).toHaveLength(1);
    for (const query of ['sort=name', 'sort=-updatedAt', 'disabled=false', 'sort=disabled'])
      expect((await list(`${query}&per_page=50`)).body.pagination).toMatchObject({
        total: 90,
        total_page: 2,
      });
    expect((await list(`from__id=${ids[0]}&per_page=50`)).body.pagination).toMatchObject({ total: 89 });
    expect(await names('search=channel+7')).toHaveLength(18);
    for (const query of ['sort=local_name', 'local_name=x'])
      expect(await list(query)).toEqual(failure(400, 'query_too_broad'));
    expect(await names(`search=Channel&from__id=${ids[60]}&per_page=100`)).toHaveLength(29);
  });
});
