import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { revokeApiKey } from '../../lib/auth/api-key-store.ts';
import { createApiKey, formatApiKey, parseApiKey } from '../../lib/auth/api-key.ts';
import { type Service, startService } from '../support/service.ts';
import { errorBody } from '../support/matchers.ts';

let service: Service;
let key: string;

beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['company1', 'company2'] });
});
afterAll(() => service.stop());
afterEach(() => {
  jest.restoreAllMocks();
});

const anId = '60f1b2b3c9e9a12345678901';
const routes = [
  'GET /client-channel',
  'POST /client-channel',
  `GET /client-channel/${anId}`,
  `PUT /client-channel/${anId}`,
  `PATCH /client-channel/${anId}`,
  `DELETE /client-channel/${anId}`,
];
const writes = routes.filter((route) => !route.startsWith('GET'));
const list = (headers: Record<string, string>) => service.call('GET /client-channel', { headers });
const idOf = (text: string) => parseApiKey(text)?.id as string;

const unauthenticated = {
  status: 401,
  body: errorBody(
    'unauthenticated',
    'A valid API key is needed, in the header "api-key" or as "Authorization: Bearer <key>".',
  ),
};

describe('a key', () => {
  test('may come in either header, or in both', async () => {
    for (const headers of [
      { 'api-key': key },
      { authorization: `Bearer ${key}` },
      { authorization: `bearer  ${key}` },
      { 'api-key': key, authorization: `Bearer ${key}` },
    ])
      expect(await list(headers as Record<string, string>)).toMatchObject({ status: 200 });
  });

  test.each(routes)('is needed: %s', async (route) => {
    const reply = await service.call(route);
    expect(reply).toMatchObject(unauthenticated);
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="client-channels"');
  });

  test('is refused alike, whatever is wrong with it', async () => {
    const other = await service.newKey({ namespaces: ['company1'] });
    const expired = await service.newKey({ namespaces: ['company1'], expiresAt: Date.now() - 1 });
    const revoked = await service.newKey({ namespaces: ['company1'] });
    await revokeApiKey(service.apiKeys, idOf(revoked));
    const forged = formatApiKey({ ...createApiKey('test'), id: idOf(key) });
    const elsewhere = formatApiKey({
      ...(parseApiKey(key) as ReturnType<typeof createApiKey>),
      environment: 'prod',
    });
    for (const headers of [
      { 'api-key': '' },
      { 'api-key': 'x' },
      { 'api-key': `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}` },
      { 'api-key': formatApiKey(createApiKey('test')) },
      { 'api-key': forged },
      { 'api-key': elsewhere },
      { 'api-key': expired },
      { 'api-key': revoked },
      { 'api-key': `${key}, ${key}` },
      { 'api-key': key, authorization: `Bearer ${other}` },
      { authorization: key },
      { authorization: `Basic ${key}` },
    ])
      expect(await list(headers as Record<string, string>)).toMatchObject(unauthenticated);
    expect(await service.call(`GET /client-channel?api-key=${key}`)).toMatchObject(unauthenticated);
  });

  test('that is mistyped, or of another environment, is refused without asking the table', async () => {
    for (const wrong of [`${key}0`, formatApiKey(createApiKey('prod'))])
      expect((await list({ 'api-key': wrong })).headers['x-consumed-capacity']).toBeUndefined();
  });

  test('is looked up once a minute, and refused within that after its revocation, by every operation', async () => {
    const fresh = await service.newKey({ namespaces: ['company1'] });
    const calls = async () =>
      (await list({ 'api-key': fresh })).headers['x-consumed-capacity']?.split(';')[0];
    expect(await calls()).toBe('calls=2');
    expect(await calls()).toBe('calls=1');

    await revokeApiKey(service.apiKeys, idOf(fresh));
    const now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now + 59_000);
    expect(await list({ 'api-key': fresh })).toMatchObject({ status: 200 });
    jest.spyOn(Date, 'now').mockImplementation(() => now + 61_000);
    for (const route of routes)
      expect(await service.call(route, { key: fresh })).toMatchObject(unauthenticated);
  });

  test('expires while it is remembered', async () => {
    const brief = await service.newKey({ namespaces: ['company1'], expiresAt: Date.now() + 30_000 });
    expect(await list({ 'api-key': brief })).toMatchObject({ status: 200 });
    const now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now + 31_000);
    expect(await list({ 'api-key': brief })).toMatchObject(unauthenticated);
  });
});

describe('a scope', () => {
  test('to read lets nobody write', async () => {
    const reader = await service.newKey({ namespaces: ['company1'], scopes: ['channels:read'] });
    expect(await list({ 'api-key': reader })).toMatchObject({ status: 200 });
    for (const route of writes)
      expect(await service.call(route, { key: reader, body: { name: 'x' } })).toMatchObject({
        status: 403,
        body: errorBody('forbidden', 'This API key lacks the scope "channels:write".'),
      });
  });

  test('to write lets nobody read', async () => {
    const writer = await service.newKey({ namespaces: ['company1'], scopes: ['channels:write'] });
    expect(await list({ 'api-key': writer })).toMatchObject({ status: 403, body: errorBody('forbidden') });
    expect(await service.call('POST /client-channel', { key: writer, body: { name: 'x' } })).toMatchObject({
      status: 201,
    });
  });
});

describe('x-company-namespace', () => {
  test.each([
    'theirs',
    '',
    'company1, company2',
    'COMPANY1',
    'company1#',
  ])('must be one that the key holds: %j', async (namespace) => {
    for (const route of routes)
      expect(await service.call(route, { key, headers: { 'x-company-namespace': namespace } })).toMatchObject(
        {
          status: 403,
          body: errorBody('forbidden', 'This API key does not hold the namespace in "x-company-namespace".'),
        },
      );
  });
});

describe('several things wrong at once', () => {
  test('are said one after the other: 401, 403, 415, 413, 400, 404, 403 of the body, 412', async () => {
    const route = `PUT /client-channel/${anId}`;
    const { body: made } = await service.call('POST /client-channel', { key, body: { name: 'x' } });
    const own = `PUT /client-channel/${made.data._id}`;
    const text = { 'content-type': 'text/plain' };
    const stale = { 'if-match': '"9"' };
    const large = JSON.stringify({ nmae: 'x'.repeat(300_000) });
    const theirs = { company_namespace: ['theirs'] };
    const reader = await service.newKey({ namespaces: ['company1'], scopes: ['channels:read'] });
    const asked: [string, Parameters<Service['call']>[1], number][] = [
      [route, { headers: { ...text, ...stale }, body: large }, 401],
      [route, { key: reader, headers: { ...text, ...stale }, body: large }, 403],
      [route, { key, headers: { ...text, ...stale }, body: large }, 415],
      [route, { key, headers: stale, body: large }, 413],
      [route, { key, headers: stale, body: { nmae: 'x' } }, 400],
      [route, { key, headers: stale, body: theirs }, 404],
      [own, { key, headers: stale, body: theirs }, 403],
      [own, { key, headers: stale, body: { name: 'y' } }, 412],
    ];
    for (const [where, call, status] of asked)
      expect(await service.call(where, call)).toMatchObject({ status });
  });
});
