import { beforeAll, describe, expect, test } from '@jest/globals';
import { failure, notModified, success } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1'] });
let channel: { _id: string };

beforeAll(async () => {
  channel = (await service.call('POST /client-channel', { body: { name: 'Retail' } })).body.data;
});

const get = (id: string, headers = {}) => service.call(`GET /client-channel/${id}`, { headers });

describe('GET /client-channel/{id}', () => {
  test('returns the channel and its ETag', async () => {
    expect(await get(channel._id)).toEqual(success(200, channel, { etag: '"0"' }));
  });

  test('accepts an id in capitals', async () => {
    expect(await get(channel._id.toUpperCase())).toEqual(success(200, channel, { etag: '"0"' }));
  });

  test('returns 304 without a body if the client has this version', async () => {
    const known = await get(channel._id, { 'if-none-match': 'W/"0"' });
    const outdated = await get(channel._id, { 'if-none-match': '"1"' });

    expect(known).toEqual(notModified({ etag: '"0"' }));
    expect(outdated).toEqual(success(200, channel, { etag: '"0"' }));
  });

  test.each([
    '60f1b2b3c9e9a12345678901',
    'x',
    'a%2Fb',
    '%00',
    '60f1b2b3',
    'x'.repeat(8_000),
    '!count%230',
  ])('returns 404 for the id %s', async (id) => {
    expect(await get(id)).toEqual(failure(404, 'not_found', 'There is no such channel.'));
  });

  test('refuses query parameters', async () => {
    expect(await get(`${channel._id}?fields=name`)).toEqual(
      failure(400, 'invalid_request', 'This operation takes no query parameters.', [
        { path: 'fields', message: 'is not a parameter of this operation' },
      ]),
    );
  });
});

describe('x-request-id', () => {
  test('is the client’s own, in the headers and in the error', async () => {
    const reply = await get('x', { 'x-request-id': 'order 66' });

    expect([reply.headers['x-request-id'], reply.body.request_id]).toEqual(['order 66', 'order 66']);
  });

  test('is generated if the client’s is too long', async () => {
    const reply = await get('x', { 'x-request-id': 'x'.repeat(129) });

    expect(reply.headers['x-request-id']).toMatch(/^.{1,128}$/);
    expect(reply.body.request_id).toBe(reply.headers['x-request-id']);
  });
});
