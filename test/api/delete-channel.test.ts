import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Service, startService } from '../support/service.ts';
import { errorBody } from '../support/matchers.ts';

let service: Service;
let key: string;

beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['company1', 'company2'] });
});
afterAll(() => service.stop());

const create = async (body: object, by = key) =>
  (await service.call('POST /client-channel', { key: by, body: { name: 'Retail', ...body } })).body.data;
const remove = (id: string, headers = {}, by = key) =>
  service.call(`DELETE /client-channel/${id}`, { key: by, headers });
const get = (id: string, by = key) => service.call(`GET /client-channel/${id}`, { key: by });

describe('DELETE /client-channel/{id}', () => {
  test('answers the channel as it last was, once', async () => {
    const channel = await create({ integration_meta: { a: 1 } });
    expect(await remove(channel._id)).toMatchObject({ status: 200, body: { success: true, data: channel } });
    expect(await remove(channel._id)).toMatchObject({ status: 404, body: errorBody('not_found') });
    expect(await get(channel._id)).toMatchObject({ status: 404 });
  });

  test('takes it from the total', async () => {
    const own = await service.newKey({ namespaces: ['counted'] });
    const channel = await create({ disabled: true }, own);
    await create({}, own);
    await remove(channel._id, {}, own);
    const { body } = await service.call('GET /client-channel', { key: own });
    expect(body.pagination.total).toBe(1);
  });

  test('takes a shared channel from all its namespaces, for a key that holds them', async () => {
    const channel = await create({ company_namespace: ['company1', 'company2'] });
    const other = await service.newKey({ namespaces: ['company2'] });
    expect(await remove(channel._id, {}, other)).toMatchObject({
      status: 403,
      body: errorBody('forbidden', 'This API key does not hold the namespace "company1".'),
    });
    expect(await get(channel._id, other)).toMatchObject({ status: 200, body: { data: channel } });
    expect(await remove(channel._id)).toMatchObject({ status: 200, body: { data: channel } });
    expect(await get(channel._id, other)).toMatchObject({ status: 404 });
  });

  test('under If-Match goes by the version', async () => {
    const channel = await create({});
    expect(await remove(channel._id, { 'if-match': '"1"' })).toMatchObject({
      status: 412,
      body: errorBody('precondition_failed'),
    });
    expect(await remove(channel._id, { 'if-match': '"0"' })).toMatchObject({ status: 200 });
    expect(await remove(channel._id, { 'if-match': '*' })).toMatchObject({ status: 404 });
  });

  test.each(['60f1b2b3c9e9a12345678901', 'malformed'])('knows no channel %s', async (id) => {
    expect(await remove(id)).toMatchObject({ status: 404, body: errorBody('not_found') });
  });

  test('of 50 at the same time, one wins', async () => {
    const channel = await create({});
    const replies = await Promise.all(Array.from({ length: 50 }, () => remove(channel._id)));
    expect(replies.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 49 }, () => 404),
    ]);
  });
});
