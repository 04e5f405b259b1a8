import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Reply, type Service, startService } from '../support/service.ts';
import { errorBody } from '../support/matchers.ts';

let service: Service;
let key: string;
let created: Reply;

beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['company1'] });
  created = await service.call('POST /client-channel', { key, body: { name: 'Retail' } });
});
afterAll(() => service.stop());

const get = (id: string, headers = {}) => service.call(`GET /client-channel/${id}`, { key, headers });

describe('GET /client-channel/{id}', () => {
  test('answers the channel with its entity tag', async () => {
    const reply = await get(created.body.data._id);
    expect(reply).toMatchObject({ status: 200, body: created.body });
    expect(reply.headers.etag).toBe('"0"');
  });

  test('reads an id in any case', async () => {
    expect(await get(created.body.data._id.toUpperCase())).toMatchObject({ status: 200, body: created.body });
  });

  test('answers 304 to who has it already, and no body', async () => {
    const reply = await get(created.body.data._id, { 'if-none-match': 'W/"0"' });
    expect(reply).toMatchObject({ status: 304, body: '' });
    expect(reply.headers).toMatchObject({ etag: '"0"', 'cache-control': 'no-store' });
    expect((await get(created.body.data._id, { 'if-none-match': '"1"' })).status).toBe(200);
  });

  test.each([
    '60f1b2b3c9e9a12345678901',
    'x',
    'a%2Fb',
    '%00',
    '60f1b2b3',
    'x'.repeat(8_000),
    '!count%230',
  ])('knows no channel %s', async (id) => {
    expect(await get(id)).toMatchObject({
      status: 404,
      body: errorBody('not_found', 'There is no such channel.'),
    });
  });

  test('takes no query parameters', async () => {
    expect(await get(`${created.body.data._id}?fields=name`)).toMatchObject({
      status: 400,
      body: errorBody('invalid_request'),
    });
  });
});

describe('x-request-id', () => {
  test('is taken over from the client, and stands in the error too', async () => {
    const reply = await get('x', { 'x-request-id': 'order 66' });
    expect(reply.headers['x-request-id']).toBe('order 66');
    expect(reply.body.request_id).toBe('order 66');
  });

  test('is drawn where the client’s can’t be one', async () => {
    const reply = await get('x', { 'x-request-id': 'x'.repeat(129) });
    expect(reply.headers['x-request-id']).toMatch(/^.{1,128}$/);
    expect(reply.body.request_id).toBe(reply.headers['x-request-id']);
  });
});
