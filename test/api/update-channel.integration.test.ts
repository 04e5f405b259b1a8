import { describe, expect, test } from '@jest/globals';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { countByStatus, updateConcurrently } from '../support/concurrent-updates.ts';
import { aTime, errorBody, failure, success } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1', 'company2'] });

const create = async (body: object) =>
  (await service.call('POST /client-channel', { body: { name: 'Retail', ...body } })).body.data;
const put = (id: string, body: unknown, headers = {}) =>
  service.call(`PUT /client-channel/${id}`, { body, headers });
const get = async (id: string, namespace = 'company1') =>
  service.call(`GET /client-channel/${id}`, { headers: { 'x-company-namespace': namespace } });

describe('PUT /client-channel/{id}', () => {
  test('accepts the example of the specification, with the fields that clients read and send back', async () => {
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

    const updated = await put(channel._id, sent);

    const expected = { ...sent, createdAt: channel.createdAt, updatedAt: aTime, __v: 1 };
    expect(updated).toEqual(success(200, expected, { etag: '"1"' }));
    expect(updated.body.data.updatedAt > channel.updatedAt).toBe(true);
    expect((await get(channel._id)).body).toEqual(updated.body);
  });

  test.each([
    [{ name: 'New' }],
    [{ local_name: 'محلي' }],
    [{ disabled: true }],
    [{ integration_meta: { a: { b: [1, null] } } }],
    [{ company_namespace: ['company1', 'company2'] }],
    [{ name: 'New', integration_meta: {}, disabled: true }],
    [{ local_name: 'محلي', integration_meta: { b: 1 } }],
  ])('changes the fields that are sent, and keeps the others: %j', async (patch) => {
    const channel = await create({ local_name: 'x', integration_meta: { a: 1 } });

    const updated = await put(channel._id, patch);

    expect(updated.body.data).toEqual({ ...channel, ...patch, updatedAt: aTime, __v: 1 });
    expect((await get(channel._id)).body).toEqual(updated.body);
  });

  test.each([
    ['local_name', null],
    ['local_name', ''],
    ['integration_meta', null],
  ])('removes %s if it is %j', async (field, value) => {
    const channel = await create({ local_name: 'x', integration_meta: { a: 1 } });

    const updated = await put(channel._id, { [field]: value });

    const { [field]: _, ...rest } = channel;
    expect(updated.body.data).toEqual({ ...rest, updatedAt: aTime, __v: 1 });
    expect((await get(channel._id)).body).toEqual(updated.body);
  });

  test.each([
    [{ name: 'Retail' }],
    [{ local_name: 'x', integration_meta: { b: 2, a: 1 } }],
    [{ disabled: false, company_namespace: ['company1'] }],
    [{ __v: 9 }],
  ])('returns the channel as it is, with the same version, if nothing changes: %j', async (patch) => {
    const channel = await create({ local_name: 'x', integration_meta: { a: 1, b: 2 } });

    expect(await put(channel._id, patch)).toEqual(success(200, channel, { etag: '"0"' }));
  });

  test.each([
    { createdAt: null, updatedAt: null, __v: null, _id: null },
    { createdAt: 1, updatedAt: {}, __v: '9', _id: 5 },
  ])('ignores the fields that the service sets itself, whatever they hold: %j', async (fields) => {
    const channel = await create({});

    const updated = await put(channel._id, { name: 'New', ...fields });

    const expected = { ...channel, name: 'New', updatedAt: aTime, __v: 1 };
    expect(updated).toEqual(success(200, expected, { etag: '"1"' }));
  });

  test('is available as PATCH too', async () => {
    const channel = await create({});

    const reply = await service.call(`PATCH /client-channel/${channel._id}`, { body: { name: 'New' } });

    const expected = { ...channel, name: 'New', updatedAt: aTime, __v: 1 };
    expect(reply).toEqual(success(200, expected, { etag: '"1"' }));
  });

  test('moves a channel from one namespace to another, and back', async () => {
    const channel = await create({ company_namespace: ['company1'] });

    await put(channel._id, { company_namespace: ['company2'] });

    const moved = { ...channel, company_namespace: ['company2'], updatedAt: aTime, __v: 1 };
    expect(await get(channel._id, 'company1')).toEqual(failure(404, 'not_found'));
    expect(await get(channel._id, 'company2')).toEqual(success(200, moved, { etag: '"1"' }));

    const headers = { 'x-company-namespace': 'company2' };
    await put(channel._id, { company_namespace: ['company2', 'company1'] }, headers);

    const shared = { ...moved, company_namespace: ['company2', 'company1'], __v: 2 };
    expect(await get(channel._id, 'company1')).toEqual(success(200, shared, { etag: '"2"' }));
  });

  test.each([
    { local_name: 'متجر' },
    { integration_meta: { external_id: 'ch_9' } },
  ])('changes all copies of a shared channel: %j', async (patch) => {
    const channel = await create({ company_namespace: ['company1', 'company2'] });

    const updated = await put(channel._id, patch);

    const expected = success(200, { ...channel, ...patch, updatedAt: aTime, __v: 1 }, { etag: '"1"' });
    expect(updated).toEqual(expected);
    for (const namespace of ['company1', 'company2'])
      expect(await get(channel._id, namespace)).toEqual(expected);
  });

  test.each([
    [{}, 'The body must contain at least one field to change.'],
    [[], 'The body must be a JSON object.'],
    [{ nmae: 'x' }, 'The field "nmae" is not a field of this operation (did you mean name?).'],
    [{ _id: '60f1b2b3c9e9a12345678901' }, 'The field "_id" must be the id in the path.'],
    [{ pk: 'NS#x' }, 'The field "pk" is not a field of this operation.'],
  ])('refuses the body %j', async (body, error) => {
    const channel = await create({});

    expect(await put(channel._id, body)).toMatchObject({
      status: 400,
      body: errorBody('invalid_request', error),
    });
  });

  test.each([
    '60f1b2b3c9e9a12345678901',
    'malformed',
  ])('returns 404 for the id %s, whatever the body and the precondition', async (id) => {
    for (const headers of [{}, { 'if-match': '*' }, { 'if-match': '"0"' }])
      for (const body of [{ name: 'x' }, { integration_meta: {} }, { company_namespace: ['theirs'] }])
        expect(await put(id, body, headers)).toEqual(failure(404, 'not_found', 'There is no such channel.'));
  });
});

describe('If-Match', () => {
  test.each([
    { name: 'x' },
    { local_name: 'x' },
    { integration_meta: { a: 2 } },
    { name: 'Retail' },
    { disabled: false, __v: 0 },
  ])('refuses %j for any other version, and writes nothing', async (patch) => {
    const channel = await create({});
    const { body } = await put(channel._id, { integration_meta: { a: 1 } });

    for (const tag of ['"0"', 'W/"1"', '"7", "8"', 'nonsense', '1'])
      expect(await put(channel._id, patch, { 'if-match': tag })).toEqual(
        failure(
          412,
          'precondition_failed',
          'The channel is not at the version that "If-Match" names: read it again for its ETag, quotes included, then repeat.',
        ),
      );
    expect((await get(channel._id)).body).toEqual(body);
  });

  test.each([
    { name: 'x' },
    { local_name: 'x' },
    { integration_meta: { a: 1 } },
  ])('accepts %j if one of its tags is the current version, or if it is "*"', async (patch) => {
    const channel = await create({});

    const byTag = await put(channel._id, patch, { 'if-match': '"5", "0"' });
    const byStar = await put(channel._id, { local_name: 'y' }, { 'if-match': '*' });

    const first = { ...channel, ...patch, updatedAt: aTime, __v: 1 };
    expect(byTag).toEqual(success(200, first, { etag: '"1"' }));
    expect(byStar).toEqual(success(200, { ...first, local_name: 'y', __v: 2 }, { etag: '"2"' }));
  });
});

describe('PATCH with application/merge-patch+json', () => {
  const merge = (id: string, body: unknown, headers = {}) =>
    service.call(`PATCH /client-channel/${id}`, {
      body,
      headers: { 'content-type': 'application/merge-patch+json', ...headers },
    });
  const meta = { external_id: 'ch_1', sap: { client: 100, plant: { id: 7 } }, tags: ['a', 'b'] };

  test('merges the metadata at every level, removes a key with null, and keeps the other fields', async () => {
    const channel = await create({ local_name: 'x', integration_meta: meta });

    const patch = {
      sap: { plant: { id: null, name: 'Riyadh' } },
      tags: [null],
      crm: { id: 'c' },
      gone: null,
    };
    const merged = await merge(channel._id, { name: 'New', integration_meta: patch });

    const integration_meta = {
      external_id: 'ch_1',
      sap: { client: 100, plant: { name: 'Riyadh' } },
      tags: [null],
      crm: { id: 'c' },
    };
    const expected = { ...channel, name: 'New', integration_meta, updatedAt: aTime, __v: 1 };
    expect(merged).toEqual(success(200, expected, { etag: '"1"' }));
    expect((await get(channel._id)).body).toEqual(merged.body);
    const found = await service.call('GET /client-channel?integration_meta.external_id=ch_1&name=New');
    expect(found.body.data).toEqual([merged.body.data]);
  });

  test.each([
    [undefined, { a: 1, b: null }, { a: 1 }],
    [undefined, {}, {}],
    [{ a: 1 }, null, undefined],
    [{ a: 1 }, { a: null }, {}],
    [{ a: { b: 1 } }, { a: 'x' }, { a: 'x' }],
  ])('changes the metadata %j by %j to %j', async (before, patch, after) => {
    const channel = await create({ integration_meta: before });

    const { status, body } = await merge(channel._id, { integration_meta: patch });

    const { integration_meta: _, ...rest } = channel;
    const expected = { ...rest, ...(after && { integration_meta: after }), updatedAt: aTime, __v: 1 };
    expect([status, body.data]).toEqual([200, expected]);
  });

  test('returns the channel as it is, with the same version, if nothing changes', async () => {
    const channel = await create({ local_name: 'x', integration_meta: meta });

    const reply = await merge(channel._id, { local_name: 'x', integration_meta: { sap: {}, gone: null } });

    expect(reply).toEqual(success(200, channel, { etag: '"0"' }));
  });

  test('removes the local name with null, and changes all copies of a shared channel', async () => {
    const shared = { local_name: 'x', company_namespace: ['company1', 'company2'], integration_meta: meta };
    const channel = await create(shared);

    const { body } = await merge(channel._id, { local_name: null, integration_meta: { tags: null } });

    const { local_name: _, ...rest } = channel;
    const { tags: __, ...integration_meta } = meta;
    expect(body.data).toEqual({ ...rest, integration_meta, updatedAt: aTime, __v: 1 });
    for (const namespace of ['company1', 'company2'])
      expect((await get(channel._id, namespace)).body).toEqual(body);
  });

  test.each<[object, string, number, string]>([
    [{ name: null }, 'The field "name" must be a string.', 400, 'invalid_request'],
    [{ disabled: null }, 'The field "disabled" must be true or false.', 400, 'invalid_request'],
    [
      { company_namespace: null },
      'The field "company_namespace" must be an array of strings.',
      400,
      'invalid_request',
    ],
    [{}, 'The body must contain at least one field to change.', 400, 'invalid_request'],
    [[], 'The body must be a JSON object.', 400, 'invalid_request'],
    [
      { integration_meta: { b: 'x'.repeat(40_000) } },
      'The field "integration_meta" is larger than 64 KiB after the merge.',
      400,
      'invalid_request',
    ],
    [
      { integration_meta: { b: 1 }, company_namespace: ['theirs'] },
      'This API key does not hold the namespace "theirs".',
      403,
      'forbidden',
    ],
  ])('is refused (case %#), and writes nothing', async (patch, error, status, code) => {
    const channel = await create({ integration_meta: { a: 'x'.repeat(40_000) } });

    expect(await merge(channel._id, patch)).toMatchObject({ status, body: errorBody(code, error) });
    expect((await get(channel._id)).body.data).toEqual(channel);
  });

  test('obeys If-Match, and returns 404 for an unknown channel', async () => {
    const channel = await create({});
    const patch = { integration_meta: { a: 1 } };

    const current = await merge(channel._id, patch, { 'if-match': '"0"' });
    const stale = await merge(channel._id, { integration_meta: { a: 2 } }, { 'if-match': '"0"' });
    const unchanged = await merge(channel._id, patch, { 'if-match': '"0"' });
    const unknown = await merge('60f1b2b3c9e9a12345678901', patch, { 'if-match': '*' });

    const { body, status } = current;
    expect([status, body.data.integration_meta, body.data.__v]).toEqual([200, { a: 1 }, 1]);
    expect([stale, unchanged]).toEqual([
      failure(412, 'precondition_failed'),
      failure(412, 'precondition_failed'),
    ]);
    expect(unknown).toEqual(failure(404, 'not_found', 'There is no such channel.'));
  });

  test('keeps the keys of eight integrations that write at once', async () => {
    const channel = await create({ integration_meta: { external_id: 'ch_1' } });

    const replies = await Promise.all(
      [...Array(8).keys()].map((index) =>
        merge(channel._id, { integration_meta: { [`key${index}`]: index } }),
      ),
    );

    const succeeded = replies.flatMap(({ status }, index) => (status === 200 ? [`key${index}`] : []));
    const { data } = (await get(channel._id)).body;
    expect(Object.keys(data.integration_meta)).toEqual(['external_id', ...succeeded]);
    expect(data.__v).toBe(succeeded.length);
    expect(succeeded.length).toBeGreaterThan(0);
    expect(replies.map(({ status }) => [200, 409].includes(status))).toEqual(Array(8).fill(true));
  });

  test('with application/json, PATCH replaces the whole metadata', async () => {
    const channel = await create({ integration_meta: meta });

    const reply = await merge(
      channel._id,
      { integration_meta: { a: 1 } },
      { 'content-type': 'application/json' },
    );

    expect(reply.body.data.integration_meta).toEqual({ a: 1 });
  });
});

test('a move between more namespaces than one transaction takes is refused, and is done in two updates', async () => {
  const namespaces = Array.from({ length: 20 }, (_, index) => `move-${index}`);
  const [from, to] = [namespaces.slice(0, 10), namespaces.slice(10)];
  const key = await service.newKey({ namespaces });
  const integration_meta = { external_id: 'moved', id: 'moved' };
  const body = { name: 'Moved', integration_meta, company_namespace: from };
  const { _id } = (await service.call('POST /client-channel', { key, body })).body.data;
  const moveTo = (company_namespace: string[], namespace: string | undefined) =>
    service.call(`PUT /client-channel/${_id}`, {
      key,
      headers: { 'x-company-namespace': `${namespace}` },
      body: { company_namespace },
    });
  const message = 'moves the channel between too many namespaces at once: move it in two updates';

  expect(await moveTo(to, from[0])).toEqual(
    failure(400, 'invalid_request', `This update ${message}.`, [{ path: 'company_namespace', message }]),
  );
  expect((await moveTo([...from.slice(6), ...to.slice(4)], from[0])).status).toBe(200);
  expect((await moveTo(to, from[9])).body.data).toMatchObject({ company_namespace: to, __v: 2 });
});

describe('concurrent updates', () => {
  /** With more at a time, requests on a busy machine would take longer than the service allows. */
  const atOnce = 50;

  test.each([
    ['in place', (index: number) => ({ integration_meta: { index } })],
    ['in a transaction', (index: number) => ({ name: `n${index}` })],
  ])('under one ETag, exactly one of 200 succeeds, %s', async (_, patch) => {
    const options = { count: 200, atOnce, patchOf: patch, headers: { 'if-match': '"0"' } };
    const { replies, stored } = await updateConcurrently(service.call, service.key, options);

    expect(countByStatus(replies)).toEqual({ 200: 1, 412: 199 });
    expect(replies.find(({ status }) => status === 200)?.body.data).toEqual(stored);
  });

  test('without an ETag, all 200 changes of the metadata succeed, each with its own version and time', async () => {
    const patchOf = (index: number) => ({ integration_meta: { index } });
    const options = { count: 200, atOnce, patchOf };
    const { replies, stored } = await updateConcurrently(service.call, service.key, options);

    expect(countByStatus(replies)).toEqual({ 200: 200 });
    const versions = replies.map(({ body }) => body.data.__v).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    const times = new Set(replies.map(({ body }) => body.data.updatedAt));
    expect(times.size).toBe(200);
    expect(stored).toMatchObject({ __v: 200 });
  });

  test('that rename and toggle a shared channel leave versions, totals and copies as the responses say', async () => {
    const namespaces = ['torn1', 'torn2'];
    const key = await service.newKey({ namespaces });
    const created = await service.call('POST /client-channel', {
      key,
      body: { name: 'x', company_namespace: namespaces },
    });
    const id = created.body.data._id;

    const rename = (index: number) => ({ name: `n${index}` });
    const toggle = (index: number) => ({ disabled: index % 4 === 0 });
    // The transactions on one channel run one by one, so fewer of them fit into the time of a request.
    const replies = await mapConcurrently([...Array(60).keys()], 20, (index) => {
      const body = index % 2 ? rename(index) : toggle(index);
      return service.call(`PUT /client-channel/${id}`, { key, body });
    });

    const succeeded = replies.filter(({ status }) => status === 200);
    const conflicts = replies.filter(({ status }) => status === 409);
    expect(succeeded.length + conflicts.length).toBe(60);
    // A toggle to the present state succeeds without a new version.
    const versions = new Set(succeeded.map(({ body }) => body.data.__v));
    versions.delete(0);
    expect(versions.size).toBeGreaterThan(0);

    const lists = await Promise.all(
      namespaces.map((namespace) =>
        service.call('GET /client-channel', { key, headers: { 'x-company-namespace': namespace } }),
      ),
    );
    const [copy, otherCopy] = lists.map(({ body }) => body.data[0]);
    expect(copy).toEqual(otherCopy);
    expect(copy.__v).toBe(versions.size);
    expect(lists.map(({ body }) => body.pagination.total)).toEqual([1, 1]);
    const disabled = await service.call('GET /client-channel?disabled=true', { key });
    expect(disabled.body.pagination.total).toBe(copy.disabled ? 1 : 0);
  });
});
