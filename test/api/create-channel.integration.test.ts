import { describe, expect, test } from '@jest/globals';
import { anId, aTime, failure, success } from '../support/matchers.ts';
import { createRepeatedly } from '../support/repeated-creation.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1', 'company2'] });

const create = (body: unknown, headers = {}) => service.call('POST /client-channel', { body, headers });
const read = (id: string, namespace: string) =>
  service.call(`GET /client-channel/${id}`, { headers: { 'x-company-namespace': namespace } });

describe('POST /client-channel', () => {
  test('creates the channel of the specification', async () => {
    const body = {
      name: 'Retail Channel',
      local_name: 'قناة التجزئة',
      disabled: false,
      integration_meta: { external_id: 'ch_123' },
      company_namespace: ['company1'],
    };

    const created = await create(body);

    const { _id, createdAt } = created.body.data;
    const channel = { _id: anId, ...body, createdAt: aTime, updatedAt: createdAt, __v: 0 };
    const location = `client-channel/${_id}`;
    expect(created).toEqual(success(201, channel, { location, etag: '"0"' }));
    expect(await read(_id, 'company1')).toEqual(success(200, created.body.data, { etag: '"0"' }));
  });

  test('creates a channel in another namespace of the key than the one that the request acts in', async () => {
    const { body } = await create({ name: 'x', company_namespace: ['company2'] });

    expect(await read(body.data._id, 'company1')).toEqual(
      failure(404, 'not_found', 'There is no such channel.'),
    );
    expect(await read(body.data._id, 'company2')).toEqual(success(200, body.data, { etag: '"0"' }));
  });

  test('returns the defaults of the fields that were not sent: enabled, in the namespace of the request', async () => {
    const { body } = await create({ name: ' exactly  as sent ' }, { 'x-company-namespace': 'company2' });

    expect(body.data).toEqual({
      _id: anId,
      name: ' exactly  as sent ',
      disabled: false,
      company_namespace: ['company2'],
      createdAt: aTime,
      updatedAt: aTime,
      __v: 0,
    });
  });

  test.each([
    { local_name: null, disabled: null, integration_meta: null, company_namespace: null },
    { local_name: '' },
  ])('counts fields that generated clients send without a value as absent: %j', async (fields) => {
    const { status, body } = await create({ name: 'x', ...fields });

    expect([status, body.data]).toEqual([
      201,
      {
        _id: anId,
        name: 'x',
        disabled: false,
        company_namespace: ['company1'],
        createdAt: aTime,
        updatedAt: aTime,
        __v: 0,
      },
    ]);
  });

  test('creates a shared channel in each of its namespaces', async () => {
    const { body } = await create({ name: 'shared', company_namespace: ['company2', 'company1'] });

    for (const namespace of ['company1', 'company2'])
      expect(await read(body.data._id, namespace)).toEqual(success(200, body.data, { etag: '"0"' }));
  });

  test('lists all errors of a body', async () => {
    expect(await create({ nam: 'x', disabled: 'no' })).toEqual(
      failure(
        400,
        'invalid_request',
        'The field "name" is required. This is the first of 3 problems: see the details.',
        [
          { path: 'name', message: 'is required' },
          { path: 'disabled', message: 'must be true or false' },
          { path: 'nam', message: 'is not a field of this operation (did you mean name?)' },
        ],
      ),
    );
  });

  test('refuses a namespace that the key does not hold', async () => {
    expect(await create({ name: 'x', company_namespace: ['company1', 'theirs'] })).toEqual(
      failure(403, 'forbidden', 'This API key does not hold the namespace "theirs".', [
        { path: 'company_namespace', message: '"theirs" is not yours' },
      ]),
    );
  });

  test.each([
    ['text that is not JSON', '{', {}, 400, 'invalid_json'],
    ['a key that occurs twice', '{"name":"a","name":"b"}', {}, 400, 'invalid_json'],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), {}, 400, 'invalid_json'],
    ['a byte order mark', '\ufeff{"name":"a"}', {}, 400, 'invalid_json'],
    ['another content type', 'name=a', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['more than 256 KiB', JSON.stringify({ name: 'x'.repeat(262_144) }), {}, 413, 'payload_too_large'],
    [
      'an idempotency key that is too long',
      '{"name":"a"}',
      { 'idempotency-key': 'x'.repeat(256) },
      400,
      'invalid_request',
    ],
  ])('refuses %s', async (_, body, headers, status, code) => {
    expect(await create(body, headers)).toEqual(failure(status, code));
  });

  test('refuses query parameters', async () => {
    expect(await service.call('POST /client-channel?dry_run=true', { body: { name: 'x' } })).toEqual(
      failure(400, 'invalid_request', 'This operation takes no query parameters.', [
        { path: 'dry_run', message: 'is not a parameter of this operation' },
      ]),
    );
  });
});

describe('Idempotency-Key', () => {
  const createOnce = (idempotencyKey: string, body: unknown, headers = {}) =>
    create(body, { 'idempotency-key': idempotencyKey, ...headers });

  test('returns the first response again for an equal body, even if the channel has changed since', async () => {
    const first = await createOnce('order-1', '{"name":"a","integration_meta":{"x":1,"y":2.0}}');
    await service.call(`PUT /client-channel/${first.body.data._id}`, { body: { name: 'changed' } });

    const second = await createOnce('order-1', '{ "integration_meta": {"y": 2, "x": 1}, "name": "a" }');

    const { data } = first.body;
    const headers = { etag: '"0"', location: `client-channel/${data._id}` };
    expect(first).toEqual(success(201, data, headers));
    expect(second).toEqual(success(201, data, { ...headers, 'idempotency-replayed': 'true' }));
  });

  test('refuses another body under the same key', async () => {
    await createOnce('order-2', { name: 'a' });

    expect(await createOnce('order-2', { name: 'b' })).toEqual(failure(422, 'idempotency_key_reused'));
  });

  test('is independent in each namespace', async () => {
    const one = await createOnce('order-3', { name: 'a' });
    const other = await createOnce('order-3', { name: 'a' }, { 'x-company-namespace': 'company2' });

    expect([one.status, other.status]).toEqual([201, 201]);
    expect(other.body.data._id).not.toBe(one.body.data._id);
  });

  test('creates one channel for 100 requests, 50 at once, and gives all of them the same body', async () => {
    const options = { idempotencyKey: 'order-4', times: 100, atOnce: 50 };
    const replies = await createRepeatedly(service.call, service.key, { name: 'once' }, options);

    const [first] = replies;
    expect(replies.map(({ status, body }) => ({ status, body }))).toEqual(
      Array.from({ length: 100 }, () => ({ status: 201, body: first?.body })),
    );
    expect(replies.filter(({ headers }) => !headers['idempotency-replayed'])).toHaveLength(1);
    const { body } = await service.call('GET /client-channel?name=once');
    expect(body.pagination.total).toBe(1);
  });
});
