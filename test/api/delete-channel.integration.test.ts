import { describe, expect, test } from '@jest/globals';
import { failure, success } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1', 'company2'] });

const create = async (body: object, key = service.key) =>
  (await service.call('POST /client-channel', { key, body: { name: 'Retail', ...body } })).body.data;
const remove = (id: string, headers = {}, key = service.key) =>
  service.call(`DELETE /client-channel/${id}`, { key, headers });
const get = (id: string, key = service.key) => service.call(`GET /client-channel/${id}`, { key });

describe('DELETE /client-channel/{id}', () => {
  test('returns the channel as it last was, and 404 the second time', async () => {
    const channel = await create({ integration_meta: { a: 1 } });

    const first = await remove(channel._id);
    const second = await remove(channel._id);

    expect(first).toEqual(success(200, channel));
    expect(second).toEqual(failure(404, 'not_found', 'There is no such channel.'));
    expect(await get(channel._id)).toEqual(failure(404, 'not_found', 'There is no such channel.'));
  });

  test('reduces the total of the namespace', async () => {
    const key = await service.newKey({ namespaces: ['counted'] });
    const channel = await create({ disabled: true }, key);
    await create({}, key);

    await remove(channel._id, {}, key);

    const { body } = await service.call('GET /client-channel', { key });
    expect(body.pagination.total).toBe(1);
  });

  test('removes a shared channel from all its namespaces, if the key holds all of them', async () => {
    const channel = await create({ company_namespace: ['company1', 'company2'] });
    const partialKey = await service.newKey({ namespaces: ['company2'] });

    const refused = await remove(channel._id, {}, partialKey);
    expect(refused).toEqual(
      failure(403, 'forbidden', 'This API key does not hold the namespace "company1".', [
        { path: 'company_namespace', message: '"company1" is not yours' },
      ]),
    );
    expect(await get(channel._id, partialKey)).toEqual(success(200, channel, { etag: '"0"' }));

    const accepted = await remove(channel._id);
    expect(accepted).toEqual(success(200, channel));
    expect(await get(channel._id, partialKey)).toEqual(failure(404, 'not_found'));
  });

  test('with If-Match deletes only that version', async () => {
    const channel = await create({});

    const stale = await remove(channel._id, { 'if-match': '"1"' });
    const current = await remove(channel._id, { 'if-match': '"0"' });
    const gone = await remove(channel._id, { 'if-match': '*' });

    expect(stale).toEqual(failure(412, 'precondition_failed'));
    expect(current).toEqual(success(200, channel));
    expect(gone).toEqual(failure(404, 'not_found'));
  });

  test.each(['60f1b2b3c9e9a12345678901', 'malformed'])('returns 404 for the id %s', async (id) => {
    expect(await remove(id)).toEqual(failure(404, 'not_found', 'There is no such channel.'));
  });

  test('succeeds for exactly one of 50 concurrent requests', async () => {
    const channel = await create({});

    const replies = await Promise.all(Array.from({ length: 50 }, () => remove(channel._id)));

    const statuses = replies.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 49 }, () => 404)]);
  });
});
