import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Service, startService } from '../support/service.ts';
import { anId, aTime, errorBody } from '../support/matchers.ts';

let service: Service;
let key: string;

beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['company1', 'company2'] });
});
afterAll(() => service.stop());

const create = (body: unknown, headers = {}) => service.call('POST /client-channel', { key, body, headers });

describe('POST /client-channel', () => {
  test('creates the channel of the specification', async () => {
    const body = {
      name: 'Retail Channel',
      local_name: 'قناة التجزئة',
      disabled: false,
      integration_meta: { external_id: 'ch_123' },
      company_namespace: ['company1'],
    };
    const reply = await create(body);
    expect(reply).toEqual({
      status: 201,
      headers: expect.objectContaining({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'strict-transport-security': 'max-age=63072000; includeSubDomains',
        'x-request-id': expect.stringMatching(/.+/),
        'x-consumed-capacity': expect.stringMatching(/^calls=\d+; rcu=[\d.]+; wcu=[\d.]+$/),
        location: `/client-channel/${reply.body.data._id}`,
        etag: '"0"',
      }),
      body: {
        success: true,
        data: { _id: anId, ...body, createdAt: aTime, updatedAt: reply.body.data.createdAt, __v: 0 },
      },
    });
    const read = await service.call(`GET ${reply.headers.location}`, { key });
    expect(read.body).toEqual(reply.body);
  });

  test('in another namespace alone than the one it acts in tells where the channel is there', async () => {
    const { headers, body } = await create({ name: 'x', company_namespace: ['company2'] });
    const read = (namespace: string) =>
      service.call(`GET ${headers.location}`, { key, headers: { 'x-company-namespace': namespace } });
    expect(await read('company1')).toMatchObject({ status: 404, body: errorBody('not_found') });
    expect((await read('company2')).body).toEqual(body);
  });

  test('shows what was not sent as it is: enabled, in the namespace of the request', async () => {
    const headers = { 'x-company-namespace': 'company2' };
    expect((await create({ name: ' exactly  as sent ' }, headers)).body.data).toEqual({
      _id: anId,
      name: ' exactly  as sent ',
      disabled: false,
      company_namespace: ['company2'],
      createdAt: aTime,
      updatedAt: aTime,
      __v: 0,
    });
  });

  test('puts a shared channel into each of its namespaces', async () => {
    const { data } = (await create({ name: 'shared', company_namespace: ['company2', 'company1'] })).body;
    for (const namespace of ['company1', 'company2']) {
      const headers = { 'x-company-namespace': namespace };
      const read = await service.call(`GET /client-channel/${data._id}`, { key, headers });
      expect(read.body.data).toEqual(data);
    }
  });

  test('says everything that is wrong with a body', async () => {
    expect(await create({ nam: 'x', disabled: 'no' })).toMatchObject({
      status: 400,
      body: errorBody(
        'invalid_request',
        'The field "name" is required. This is the first of 3 problems: see the details.',
        [
          { path: 'name', message: 'is required' },
          { path: 'disabled', message: 'must be true or false' },
          { path: 'nam', message: 'is not a field of this operation (did you mean name?)' },
        ],
      ),
    });
  });

  test('refuses a namespace that the key does not hold, and writes nothing', async () => {
    expect(await create({ name: 'x', company_namespace: ['company1', 'theirs'] })).toMatchObject({
      status: 403,
      body: errorBody('forbidden', 'This API key does not hold the namespace "theirs".', [
        { path: 'company_namespace', message: '"theirs" is not yours' },
      ]),
    });
  });

  test.each([
    ['no JSON', '{', {}, 400, 'invalid_json'],
    ['a key twice', '{"name":"a","name":"b"}', {}, 400, 'invalid_json'],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), {}, 400, 'invalid_json'],
    ['a byte order mark', '\ufeff{"name":"a"}', {}, 400, 'invalid_json'],
    ['another type', 'name=a', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['more than 256 KiB', JSON.stringify({ name: 'x'.repeat(262_144) }), {}, 413, 'payload_too_large'],
    [
      'a malformed idempotency key',
      '{"name":"a"}',
      { 'idempotency-key': 'x'.repeat(256) },
      400,
      'invalid_request',
    ],
  ])('refuses %s', async (_, body, headers, status, code) => {
    expect(await create(body, headers)).toMatchObject({ status, body: errorBody(code) });
  });

  test('takes no query parameters', async () => {
    expect(
      await service.call('POST /client-channel?dry_run=true', { key, body: { name: 'x' } }),
    ).toMatchObject({
      status: 400,
      body: errorBody('invalid_request', 'This operation takes no query parameters.', [
        { path: 'dry_run', message: 'is not a parameter of this operation' },
      ]),
    });
  });
});

describe('Idempotency-Key', () => {
  const once = (idempotencyKey: string, body: unknown) => create(body, { 'idempotency-key': idempotencyKey });

  test('answers the same body again as it was answered, though the channel has changed since', async () => {
    const first = await once('order-1', '{"name":"a","integration_meta":{"x":1,"y":2.0}}');
    await service.call(`PUT ${first.headers.location}`, { key, body: { name: 'changed' } });
    const again = await once('order-1', '{ "integration_meta": {"y": 2, "x": 1}, "name": "a" }');
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers).toMatchObject({
      etag: first.headers.etag,
      location: first.headers.location,
      'idempotency-replayed': 'true',
    });
    expect(first.headers['idempotency-replayed']).toBeUndefined();
  });

  test('refuses another body', async () => {
    await once('order-2', { name: 'a' });
    expect(await once('order-2', { name: 'b' })).toMatchObject({
      status: 422,
      body: errorBody('idempotency_key_reused'),
    });
  });

  test('is a namespace’s own', async () => {
    const body = { name: 'a' };
    const one = await create(body, { 'idempotency-key': 'order-3' });
    const other = await create(body, { 'idempotency-key': 'order-3', 'x-company-namespace': 'company2' });
    expect(other.body.data._id).not.toBe(one.body.data._id);
  });

  test('creates one channel out of 100 concurrent requests, and gives each the same answer', async () => {
    const replies = await Promise.all(Array.from({ length: 100 }, () => once('order-4', { name: 'once' })));
    const [first] = replies;
    expect(replies.map(({ status, body }) => ({ status, body }))).toEqual(
      Array.from({ length: 100 }, () => ({ status: 201, body: first?.body })),
    );
    const created = replies.filter(({ headers }) => headers['idempotency-replayed'] === undefined);
    expect(created).toHaveLength(1);
    const { body } = await service.call('GET /client-channel?name=once', { key });
    expect(body.pagination.total).toBe(1);
  });
});
