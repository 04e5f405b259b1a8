import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Service, startService } from '../support/service.ts';
import { aTime, errorBody } from '../support/matchers.ts';

let service: Service;
let key: string;

beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['company1', 'company2'] });
});
afterAll(() => service.stop());

const create = async (body: object) =>
  (await service.call('POST /client-channel', { key, body: { name: 'Retail', ...body } })).body.data;
const put = (id: string, body: unknown, headers = {}) =>
  service.call(`PUT /client-channel/${id}`, { key, body, headers });
const get = async (id: string, namespace = 'company1') =>
  service.call(`GET /client-channel/${id}`, { key, headers: { 'x-company-namespace': namespace } });

describe('PUT /client-channel/{id}', () => {
  test('takes the example of the specification, with what clients read and send back', async () => {
    const channel = await create({ integration_meta: { external_id: 'ch_123' } });
    const sent = {
      name: 'Updated Retail Channel',
      local_name: 'قناة التجزئة المحدثة',
      disabled: false,
      integration_meta: { external_id: 'ch_123', sync_status: 'updated' },
      company_namespace: ['company1'],
      _id: channel._id,
      createdAt: '2023-01-15T10:30:00.000Z',
      updatedAt: '2023-01-15T10:30:00.000Z',
      __v: 0,
    };
    const reply = await put(channel._id, sent);
    expect(reply).toMatchObject({
      status: 200,
      body: { success: true, data: { ...sent, createdAt: channel.createdAt, updatedAt: aTime, __v: 1 } },
    });
    expect(reply.body.data.updatedAt > channel.updatedAt).toBe(true);
    expect(reply.headers.etag).toBe('"1"');
    expect((await get(channel._id)).body).toEqual(reply.body);
  });

  test.each([
    [{ name: 'New' }],
    [{ local_name: 'محلي' }],
    [{ disabled: true }],
    [{ integration_meta: { a: { b: [1, null] } } }],
    [{ company_namespace: ['company1', 'company2'] }],
    [{ name: 'New', integration_meta: {}, disabled: true }],
  ])('changes what is sent and keeps the rest: %j', async (patch) => {
    const channel = await create({ local_name: 'x', integration_meta: { a: 1 } });
    const { body } = await put(channel._id, patch);
    expect(body.data).toEqual({ ...channel, ...patch, updatedAt: aTime, __v: 1 });
    expect((await get(channel._id)).body).toEqual(body);
  });

  test.each([
    ['local_name', null],
    ['local_name', ''],
    ['integration_meta', null],
  ])('removes a %s by %j', async (field, value) => {
    const channel = await create({ local_name: 'x', integration_meta: { a: 1 } });
    const { [field]: _, ...rest } = channel;
    const { body } = await put(channel._id, { [field]: value });
    expect(body.data).toEqual({ ...rest, updatedAt: aTime, __v: 1 });
    expect((await get(channel._id)).body).toEqual(body);
  });

  test.each([
    [{ name: 'Retail' }],
    [{ local_name: 'x', integration_meta: { b: 2, a: 1 } }],
    [{ disabled: false, company_namespace: ['company1'] }],
    [{ __v: 9 }],
  ])('that changes nothing answers the channel as it is: %j', async (patch) => {
    const channel = await create({ local_name: 'x', integration_meta: { a: 1, b: 2 } });
    expect(await put(channel._id, patch)).toMatchObject({
      status: 200,
      body: { success: true, data: channel },
    });
  });

  test('is PATCH as well', async () => {
    const channel = await create({});
    const reply = await service.call(`PATCH /client-channel/${channel._id}`, { key, body: { name: 'New' } });
    expect(reply).toMatchObject({ status: 200, body: { data: { name: 'New', __v: 1 } } });
  });

  test('moves a channel between namespaces, where it then is and is not', async () => {
    const channel = await create({ company_namespace: ['company1'] });
    await put(channel._id, { company_namespace: ['company2'] });
    expect(await get(channel._id, 'company1')).toMatchObject({ status: 404 });
    const moved = { data: { ...channel, company_namespace: ['company2'], updatedAt: aTime, __v: 1 } };
    expect(await get(channel._id, 'company2')).toMatchObject({ status: 200, body: moved });
    const headers = { 'x-company-namespace': 'company2' };
    await put(channel._id, { company_namespace: ['company2', 'company1'] }, headers);
    expect(await get(channel._id, 'company1')).toMatchObject({ status: 200, body: { data: { __v: 2 } } });
  });

  test.each([
    [{}, 'The body must contain at least one field to change.'],
    [[], 'The body must be a JSON object.'],
    [{ nmae: 'x' }, 'The field "nmae" is not a field of this operation (did you mean name?).'],
    [{ _id: '60f1b2b3c9e9a12345678901' }, 'The field "_id" must be the id in the path.'],
    [{ pk: 'NS#x' }, 'The field "pk" is not a field of this operation.'],
  ])('refuses %j', async (body, error) => {
    const channel = await create({});
    expect(await put(channel._id, body)).toMatchObject({
      status: 400,
      body: errorBody('invalid_request', error),
    });
  });

  test.each([
    '60f1b2b3c9e9a12345678901',
    'malformed',
  ])('knows no channel %s, whatever the precondition', async (id) => {
    for (const headers of [{}, { 'if-match': '*' }, { 'if-match': '"0"' }])
      for (const body of [{ name: 'x' }, { local_name: 'x' }, { company_namespace: ['theirs'] }])
        expect(await put(id, body, headers)).toMatchObject({ status: 404, body: errorBody('not_found') });
  });
});

describe('If-Match', () => {
  test.each([
    { name: 'x' },
    { local_name: 'x' },
    { name: 'Retail' },
    { disabled: false, __v: 0 },
  ])('refuses %j for a version that is no longer, and writes nothing', async (patch) => {
    const channel = await create({});
    const { body } = await put(channel._id, { integration_meta: { a: 1 } });
    for (const tag of ['"0"', 'W/"1"', '"7", "8"', 'nonsense', '1'])
      expect(await put(channel._id, patch, { 'if-match': tag })).toMatchObject({
        status: 412,
        body: errorBody(
          'precondition_failed',
          'The channel is not at the version that "If-Match" names: read it again for its ETag, quotes included, then repeat.',
        ),
      });
    expect((await get(channel._id)).body).toEqual(body);
  });

  test.each([{ name: 'x' }, { local_name: 'x' }])('lets %j pass for the version as it is', async (patch) => {
    const channel = await create({});
    expect(await put(channel._id, patch, { 'if-match': '"5", "0"' })).toMatchObject({ status: 200 });
    expect(await put(channel._id, { local_name: 'y' }, { 'if-match': '*' })).toMatchObject({
      status: 200,
      body: { data: { __v: 2 } },
    });
  });
});

describe('writers at the same time', () => {
  const atOnce = <Result>(writers: number, run: (index: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: writers }, (_, index) => run(index)));
  const countsOf = (replies: { status: number }[]) =>
    replies.reduce<Record<number, number>>((counts, { status }) => {
      counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    }, {});

  test.each([
    ['in place', (index: number) => ({ local_name: `n${index}` })],
    ['in a transaction', (index: number) => ({ name: `n${index}` })],
  ])('under one entity tag: one of 200 wins, %s', async (_, patch) => {
    const channel = await create({});
    const replies = await atOnce(200, (index) => put(channel._id, patch(index), { 'if-match': '"0"' }));
    expect(countsOf(replies)).toEqual({ 200: 1, 412: 199 });
    const winner = replies.find(({ status }) => status === 200);
    expect((await get(channel._id)).body).toEqual(winner?.body);
  });

  test('without one: all of 200 changes of a local name are made', async () => {
    const channel = await create({});
    const replies = await atOnce(200, (index) => put(channel._id, { local_name: `n${index}` }));
    expect(countsOf(replies)).toEqual({ 200: 200 });
    const versions = replies.map(({ body }) => body.data.__v).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    const times = new Set(replies.map(({ body }) => body.data.updatedAt));
    expect(times.size).toBe(200);
    expect((await get(channel._id)).body.data).toMatchObject({ __v: 200 });
  });

  test('renaming and toggling a shared channel: versions, totals and copies agree with what was answered', async () => {
    const namespaces = ['torn1', 'torn2'];
    const own = await service.newKey({ namespaces });
    const made = await service.call('POST /client-channel', {
      key: own,
      body: { name: 'x', company_namespace: namespaces },
    });
    const id = made.body.data._id;
    // More of them take longer on a busy machine than a request may: one transaction on a channel waits for another.
    const replies = await atOnce(60, (index) =>
      service.call(`PUT /client-channel/${id}`, {
        key: own,
        body: index % 2 ? { name: `n${index}` } : { disabled: index % 4 === 0 },
      }),
    );
    const counts = countsOf(replies);
    expect((counts[200] ?? 0) + (counts[409] ?? 0)).toBe(60);

    const seen = await Promise.all(
      namespaces.map((namespace) =>
        service.call('GET /client-channel', { key: own, headers: { 'x-company-namespace': namespace } }),
      ),
    );
    const [copy, twin] = seen.map(({ body }) => body.data[0]);
    expect(copy).toEqual(twin);
    // A toggle to what is so already is answered 200 and makes no version.
    const versions = new Set(replies.filter(({ status }) => status === 200).map(({ body }) => body.data.__v));
    versions.delete(0);
    expect(copy.__v).toBe(versions.size);
    expect(seen.map(({ body }) => body.pagination.total)).toEqual([1, 1]);
    const disabled = await service.call('GET /client-channel?disabled=true', { key: own });
    expect(disabled.body.pagination.total).toBe(copy.disabled ? 1 : 0);
  });
});
