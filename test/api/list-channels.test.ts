import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import { aTime, errorBody } from '../support/matchers.ts';
import { channelOf, metaOfSize, seedChannels } from '../support/seed.ts';
import { type Reply, type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

let namespaces = 0;
/** A namespace of its own with these channels, and how to ask for lists of it. */
const given = async (fields: Partial<Channel>[]) => {
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
  test('answers a page with its exact totals, and links to the others', async () => {
    const { documents, list } = await given(many(60));
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
        '</client-channel?per_page=25&page=1>; rel="first"',
        `</client-channel?per_page=25&cursor=${next_cursor}>; rel="next"`,
        '</client-channel?per_page=25&page=3>; rel="last"',
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

  test("answers in the shape of the specification's example", async () => {
    const { namespace, list } = await given([
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
          // The time that the id tells.
          createdAt: aTime,
          updatedAt: '2023-01-15T10:30:00.000Z',
          __v: 0,
        },
      ],
      pagination: { page: 1, per_page: 25, pre_page: 0, next_page: 0, total: 1, total_page: 1 },
    });
  });

  test('of an empty namespace is empty', async () => {
    const { list } = await given([]);
    expect((await list('')).body).toEqual({
      success: true,
      data: [],
      pagination: { page: 1, per_page: 25, pre_page: 0, next_page: 0, total: 0, total_page: 0 },
    });
  });

  test('past the end has no data and the true totals', async () => {
    const { list } = await given(many(3));
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
  ])('refuses %s by name', async (query, path, message) => {
    const { list } = await given([]);
    expect(await list(query)).toMatchObject({
      status: 400,
      body: errorBody('invalid_request', `The query parameter "${path}" ${message}.`, [{ path, message }]),
    });
  });

  test('leaves out links that would pass 4 KB, and answers all the same', async () => {
    const { documents, list, ids } = await given(many(100));
    const { status, headers, body } = await list(ids.map((id) => `_id=${id}`).join('&'));
    expect([status, headers.link, body.data]).toEqual([200, undefined, documents.slice(0, 25)]);
  });

  test('refuses a page too deep, and points to the cursor', async () => {
    const { list } = await given([]);
    expect(await list('sort=name&page=101&per_page=100')).toMatchObject({
      status: 400,
      body: errorBody('page_too_deep', expect.stringContaining('cursor')),
    });
    expect(await list('sort=name&page=100&per_page=100')).toMatchObject({ status: 200 });
    // In the order of ids any page is reached that can be counted.
    expect(await list('page=101&per_page=100')).toMatchObject({ status: 200 });
    expect(await list(`page=${Number.MAX_SAFE_INTEGER}&per_page=100`)).toMatchObject({
      status: 400,
      body: errorBody('page_too_deep', expect.stringContaining('cursor')),
    });
  });

  test('refuses a page too large to answer, and names one that is not', async () => {
    const { list } = await given(many(100, { integration_meta: metaOfSize(65_536) }));
    const refused = await list('per_page=100');
    expect(refused).toMatchObject({ status: 400, body: errorBody('page_too_large') });
    const [, fits] = /per_page=(\d+)/.exec(refused.body.error) ?? [];
    expect(await list(`per_page=${fits}`)).toMatchObject({ status: 200 });
    expect(await list(`per_page=${Number(fits) + 1}`)).toMatchObject({ status: 400 });
  });

  test('names one that fits on the way back too, where the large ones are the nearest', async () => {
    const meta = { integration_meta: metaOfSize(65_536) };
    const { ids, list } = await given([...many(20), ...many(85, meta), {}]);
    const last = (await list('per_page=1&page=106')).body;
    const back = `cursor=${last.pagination.prev_cursor}`;
    const refused = await list(`${back}&per_page=100`);
    expect(refused).toMatchObject({ status: 400, body: errorBody('page_too_large') });
    const [, fits] = /per_page=(\d+)/.exec(refused.body.error) ?? [];
    expect((await list(`${back}&per_page=${fits}`)).body.data?.at(-1)._id).toBe(ids[104]);
  });
});

describe('a cursor', () => {
  test('goes on there and back, by pages of any size', async () => {
    const { documents, list } = await given(many(10));
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

  test('belongs to the filters and the order it was made with', async () => {
    const { list } = await given(many(4));
    const { next_cursor } = (await list('per_page=1&disabled=false')).body.pagination;
    for (const other of [
      '',
      'disabled=true',
      'disabled=false&search=x',
      'disabled=false&sort=-_id',
      // The order is the same, the sort is another.
      'disabled=false&sort=createdAt',
    ])
      expect(await list(`${other}&cursor=${next_cursor}`)).toMatchObject({
        status: 400,
        body: errorBody('cursor_mismatch'),
      });
    expect(await list(`disabled=false&sort=_id&cursor=${next_cursor}`)).toMatchObject({ status: 200 });
  });

  test('knows the same filters by whatever they say in another order, or twice', async () => {
    const filters = (names: string[], [id, other]: string[], words: string, meta: string[]) =>
      [
        ...names.map((name) => param('name', name)),
        `_id=${id},${other}`,
        param('search', words),
        ...meta.map((key) => `integration_meta.${key}=x`),
        'disabled=false',
      ].join('&');
    const meta = { integration_meta: '{"a":"x","b":"x"}' };
    const { list, ids } = await given([
      { name: 'a b', ...meta },
      { name: 'b a', ...meta },
    ]);
    const { next_cursor } = (await list(`${filters(['a b', 'b a'], ids, 'a b', ['a', 'b'])}&per_page=1`)).body
      .pagination;
    const again = `${filters(['b a', 'a b', 'b a'], ids.toReversed(), 'b a', ['b', 'a'])}&cursor=${next_cursor}`;
    expect((await list(again)).body.data).toMatchObject([{ _id: ids[1] }]);
  });

  test.each(['x', 'AAAA', '%00', `${'A'.repeat(200)}`])('is none: %s', async (text) => {
    const { list } = await given([]);
    for (const query of [`cursor=${text}`, `from__id=${text}`, `to__id=${text}`])
      expect(await list(query)).toMatchObject({ status: 400, body: errorBody('invalid_cursor') });
  });

  test('is none with any of its characters changed', async () => {
    const { list } = await given(many(2));
    const { next_cursor: cursor } = (await list('per_page=1')).body.pagination;
    const flip = (at: number) =>
      `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
    for (const at of [0, 1, 5, 20, Math.floor(cursor.length / 2), cursor.length - 8])
      expect(await list(`per_page=1&cursor=${flip(at)}`)).toMatchObject({
        status: 400,
        body: errorBody('invalid_cursor'),
      });
    expect(await list(`per_page=1&cursor=${cursor}`)).toMatchObject({ status: 200 });
  });

  test.each([
    'sort=_id',
    'sort=name',
  ])('goes on from a page that was reached back, though many before it were deleted: %s', async (sort) => {
    const { key, list, documents, ids } = await given(
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
  ])('stays at the end of a list whose end was deleted: %s', async (sort) => {
    const { key, list, documents, ids } = await given(
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

    // The place counts anew what lies before it.
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
  ])('leads on from where all before it was deleted, and is none where nothing is left: %s', async (query) => {
    const { key, list } = await given(many(6));
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

  test('never counts back beyond the first page, though many came before it', async () => {
    const { key, list, ids } = await given(many(4));
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

  test('meets every untouched channel once, there and back, while others write', async () => {
    const { namespace, key, list, ids } = await given(many(60));
    const touched = ids.filter((_, index) => index % 3 === 0);
    const untouched = ids.filter((_, index) => index % 3 !== 0);
    const disturb = [...touched];
    const write = async () => {
      const id = disturb.pop();
      if (!id) return;
      await service.call(`DELETE /client-channel/${id}`, { key });
      await service.call('POST /client-channel', {
        key,
        body: { name: 'new', company_namespace: [namespace] },
      });
      await service.call(`PUT /client-channel/${untouched[disturb.length]}`, {
        key,
        body: { name: 'renamed' },
      });
    };
    const walk = async (sort: string) => {
      const met: string[] = [];
      let cursor: string | undefined = '';
      let last = '';
      while (cursor !== undefined) {
        const { body } = await list(`${sort}&per_page=7${cursor && `&cursor=${cursor}`}`);
        met.push(...body.data.map(({ _id }: { _id: string }) => _id));
        last = body.pagination.prev_cursor ?? last;
        cursor = body.pagination.next_cursor;
        await write();
      }
      return { met, last };
    };
    for (const sort of ['sort=_id', 'sort=-_id']) {
      const { met, last } = await walk(sort);
      expect(met.filter((id) => untouched.includes(id)).sort()).toEqual(untouched);
      expect(new Set(met).size).toBe(met.length);
      const back: string[] = [];
      let cursor: string | undefined = last;
      while (cursor) {
        const { body } = await list(`${sort}&per_page=7&cursor=${cursor}`);
        back.unshift(...body.data.map(({ _id }: { _id: string }) => _id));
        cursor = body.pagination.prev_cursor;
      }
      expect(new Set(back).size).toBe(back.length);
      const behind = met.slice(met.lastIndexOf(back.at(-1) as string) + 1);
      expect([...back, ...behind].filter((id) => untouched.includes(id)).sort()).toEqual(untouched);
    }
  });
});

describe('a walk by pages of one', () => {
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
  ])('meets each channel once, there and back, with the number of its page: %s', async (query) => {
    const { documents, list } = await given(channels);
    const whole: string[] = (await list(query)).body.data.map(({ _id }: { _id: string }) => _id);
    const walk = async (begin: string, way: 'next_cursor' | 'prev_cursor') => {
      const met: [id: string, page: number][] = [];
      let place: string | undefined = begin;
      while (place !== undefined) {
        const { data, pagination }: Reply['body'] = (await list(`${query}&per_page=1&${place}`)).body;
        expect([data.length, pagination.total]).toEqual([1, whole.length]);
        met.push([data[0]._id, pagination.page]);
        place = pagination[way] && `cursor=${pagination[way]}`;
      }
      return met;
    };
    const numbered = whole.map((id, index) => [id, index + 1]);
    expect(await walk('page=1', 'next_cursor')).toEqual(numbered);
    expect(await walk(`page=${whole.length}`, 'prev_cursor')).toEqual(numbered.toReversed());
    expect(whole.length).toBeGreaterThanOrEqual(3);
    expect(whole.length).toBeLessThanOrEqual(documents.length);
  });
});

describe('a walk in any order, while others create, change and delete', () => {
  const untouchedNames = Array.from({ length: 24 }, (_, index) => `kept ${index % 7}`);
  test.each([
    ['sort=name', 'next_cursor'],
    ['sort=-name', 'prev_cursor'],
    ['sort=-updatedAt', 'next_cursor'],
    ['sort=disabled&search=e', 'prev_cursor'],
    ['sort=_id', 'prev_cursor'],
    ['sort=-_id', 'next_cursor'],
  ])('meets every untouched channel once: %s by %s', async (query, way) => {
    // Every other channel is another's to change, so that some page begins and ends with one of these.
    const { key, ids, list } = await given(
      untouchedNames.flatMap((name) => [{ name }, { name: `${name}, theirs` }]),
    );
    const untouched = ids.filter((_, index) => index % 2 === 0);
    let theirs = ids.filter((_, index) => index % 2 === 1);
    const writeAround = async (page: string[]) => {
      const [gone = '', renamed = ''] = new Set([...page.filter((id) => theirs.includes(id)), ...theirs]);
      theirs = theirs.filter((id) => id !== gone && id !== renamed);
      const replies = await Promise.all([
        service.call(`DELETE /client-channel/${gone}`, { key }),
        service.call(`PUT /client-channel/${renamed}`, { key, body: { name: 'e', disabled: true } }),
        service.call('POST /client-channel', { key, body: { name: 'new' } }),
      ]);
      return replies.map(({ status }) => status);
    };
    const met: string[] = [];
    let place: string | undefined = way === 'next_cursor' ? 'page=1' : 'page=10';
    while (place !== undefined) {
      const { data, pagination }: Reply['body'] = (await list(`${query}&per_page=5&${place}`)).body;
      const page = data.map(({ _id }: { _id: string }) => _id);
      met.push(...page);
      if (theirs.length >= 2) expect(await writeAround(page)).toEqual([200, 200, 201]);
      place = pagination[way] && `cursor=${pagination[way]}`;
    }
    expect(met.filter((id) => untouched.includes(id)).sort()).toEqual(untouched);
  });
});

describe('from__id and to__id', () => {
  test('bound the ids on both sides, and the total counts what remains', async () => {
    const { list, documents, ids } = await given(many(10));
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

  test('take cursors of lists by id, whatever their filters', async () => {
    const { list, documents } = await given(many(10));
    const { next_cursor } = (await list('per_page=4&disabled=false')).body.pagination;
    expect((await list(`from__id=${next_cursor}`)).body.data).toEqual(documents.slice(4));
    expect((await list(`to__id=${next_cursor}&sort=-_id`)).body.data).toEqual(
      documents.slice(0, 4).reverse(),
    );
    const { next_cursor: byName } = (await list('per_page=4&sort=name')).body.pagination;
    expect(await list(`from__id=${byName}`)).toMatchObject({
      status: 400,
      body: errorBody('invalid_cursor'),
    });
  });
});

describe('a filter', () => {
  test.each([2, 100])('by %d ids takes them in every form', async (count) => {
    const { list, ids, documents } = await given(many(count + 3));
    const asked = ids.slice(0, count);
    // A hundred ids of brackets would not fit the gateway's 10,240 bytes with each encoded.
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

  test('by no id, or by what is none, matches nothing', async () => {
    const { names } = await given(many(2));
    // The long one sorts among ids, and is longer than a key of the table can be.
    for (const query of ['_id=[]', '_id=x', '_id=60f1b2b3c9e9a12345678901', `_id=${'a'.repeat(1_025)}`])
      expect(await names(query)).toEqual([]);
  });

  test('by names is exact, commas and brackets included', async () => {
    const { names } = await given(named('a', 'A', 'a,b', ' a', '["a"]', '[x]'));
    expect(await names('name=a')).toEqual(['a']);
    expect(await names('name=a,b')).toEqual(['a,b']);
    expect(await names(param('name', '["a","[x]"]'))).toEqual(['a', '[x]']);
    expect(await names(param('name[]', '["a"]').replace('%5B%5D', '[]'))).toEqual(['["a"]']);
    expect(await names('name=[x]&name=+a')).toEqual([' a', '[x]']);
  });

  test('by local names finds none where there is none', async () => {
    const { names } = await given([
      { name: '1', local_name: 'قناة' },
      { name: '2' },
      { name: '3', local_name: 'x' },
    ]);
    expect(await names(`${param('local_name[]', 'قناة')}&local_name[]=undefined`)).toEqual(['1']);
  });

  test('by state takes true and false, and what clients write for no value', async () => {
    const { names } = await given([{ name: 'on' }, { name: 'off', disabled: true }]);
    expect(await names('disabled=true')).toEqual(['off']);
    expect(await names('disabled=false')).toEqual(['on']);
    for (const absent of ['', 'null', 'undefined'])
      expect(await names(`disabled=${absent}`)).toEqual(['on', 'off']);
  });

  test('by time takes what was updated strictly later', async () => {
    const { names } = await given([
      { name: '1', updatedAt: 1_000 },
      { name: '2', updatedAt: 2_000 },
    ]);
    expect(await names('from_updatedAt=1000')).toEqual(['2']);
    expect(await names('from_updatedAt=999')).toEqual(['1', '2']);
  });

  test('by metadata compares scalars as text, at a path of any keys', async () => {
    const { names } = await given([
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

  test('by metadata takes text that no channel can hold, and finds none', async () => {
    const { names } = await given([{ name: 'a', integration_meta: '{"a":"x"}' }]);
    for (const meta of ['{"a":"\\ud800"}', '{"\\udfff":"x"}'])
      expect(await names(param('integration_meta', meta))).toEqual([]);
  });

  test('by search finds every word anywhere in the name, whatever its case, accents and Arabic forms', async () => {
    const { names } = await given(named('Retail Channel', 'Rétail', 'قناة التجزئة', 'أحمد', 'Wholesale'));
    expect(await names('search=retail')).toEqual(['Retail Channel', 'Rétail']);
    expect(await names('search=CHAN+tai')).toEqual(['Retail Channel']);
    expect(await names(param('search', 'قَنـاه التجزيه'))).toEqual(['قناة التجزئة']);
    expect(await names(param('search', 'احمد'))).toEqual(['أحمد']);
    expect(await names('search=+')).toHaveLength(5);
    expect(await names('search=retail+whole')).toEqual([]);
  });

  test('combines with the others', async () => {
    const { names } = await given([{ name: 'ab' }, { name: 'abc', disabled: true }, { name: 'b' }]);
    expect(await names('search=a&disabled=true&name[]=ab&name[]=abc')).toEqual(['abc']);
  });
});

describe('a list served by an index', () => {
  test('follows every change of a channel', async () => {
    const { key, list, ids } = await given([
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
  ])('as %s', async (query, sorted) => {
    const { names } = await given(channels);
    expect(await names(query)).toEqual(sorted);
  });
});

describe('a namespace beyond the budget', () => {
  test('is listed by id and cursor, and refuses what would read all of it', async () => {
    const { list, names, ids } = await given(many(90, { integration_meta: metaOfSize(60_000) }));
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
      expect(await list(query)).toMatchObject({ status: 400, body: errorBody('query_too_broad') });
    expect(await names(`search=Channel&from__id=${ids[60]}&per_page=100`)).toHaveLength(29);
  });
});
