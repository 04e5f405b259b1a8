import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createApiKey, formatApiKey, parseApiKey } from '../../lib/auth/api-key.ts';
import { revokeApiKey } from '../../lib/auth/api-key-store.ts';
import { failure, success } from '../support/matchers.ts';
import type { Call } from '../support/service.ts';
import { useService } from '../support/use-service.ts';

const service = useService();
let key: string;

beforeAll(async () => {
  key = await service.newKey({ namespaces: ['company1', 'company2'] });
});
afterEach(() => {
  jest.restoreAllMocks();
});

const id = '60f1b2b3c9e9a12345678901';
const routes = [
  'GET /client-channel',
  'POST /client-channel',
  `GET /client-channel/${id}`,
  `PUT /client-channel/${id}`,
  `PATCH /client-channel/${id}`,
  `DELETE /client-channel/${id}`,
  'GET /me',
];
const writeRoutes = routes.filter((route) => !route.startsWith('GET'));
const list = (headers: Record<string, string>) => service.call('GET /client-channel', { headers });
const idOf = (text: string) => parseApiKey(text)?.id as string;
const setClock = (milliseconds: number) => jest.spyOn(Date, 'now').mockImplementation(() => milliseconds);
/** The cache of keys measures with a clock that nobody can set. */
const setMonotonicClock = (milliseconds: number) =>
  jest.spyOn(performance, 'now').mockImplementation(() => milliseconds);

const unauthenticated = failure(
  401,
  'unauthenticated',
  'A valid API key is needed, in the header "api-key" or as "Authorization: Bearer <key>".',
  undefined,
  { 'www-authenticate': 'Bearer realm="client-channels"' },
);

describe('an API key', () => {
  test.each<[string, (text: string) => Record<string, string>]>([
    ['api-key', (text) => ({ 'api-key': text })],
    ['authorization', (text) => ({ authorization: `Bearer ${text}` })],
    ['authorization, with a scheme in lower case', (text) => ({ authorization: `bearer  ${text}` })],
    ['both, if they hold the same key', (text) => ({ 'api-key': text, authorization: `Bearer ${text}` })],
  ])('is accepted in the header %s', async (_, headers) => {
    expect(await list(headers(key))).toMatchObject({ status: 200 });
  });

  test.each(routes)('is required for %s', async (route) => {
    expect(await service.call(route)).toEqual(unauthenticated);
  });

  test('gets the same response, whatever is wrong with it', async () => {
    const other = await service.newKey({ namespaces: ['company1'] });
    const expired = await service.newKey({ namespaces: ['company1'], expiresAt: Date.now() - 1 });
    const revoked = await service.newKey({ namespaces: ['company1'] });
    await revokeApiKey(service.apiKeys, idOf(revoked));
    const withWrongSecret = formatApiKey({ ...createApiKey('test'), id: idOf(key) });
    const ofAnotherEnvironment = formatApiKey({
      ...(parseApiKey(key) as ReturnType<typeof createApiKey>),
      environment: 'prod',
    });

    const wrongHeaders: Record<string, string>[] = [
      { 'api-key': '' },
      { 'api-key': 'x' },
      { 'api-key': `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}` },
      { 'api-key': formatApiKey(createApiKey('test')) },
      { 'api-key': withWrongSecret },
      { 'api-key': ofAnotherEnvironment },
      { 'api-key': expired },
      { 'api-key': revoked },
      { 'api-key': `${key}, ${key}` },
      { 'api-key': key, authorization: `Bearer ${other}` },
      { authorization: key },
      { authorization: `Basic ${key}` },
    ];
    for (const headers of wrongHeaders) expect(await list(headers)).toEqual(unauthenticated);
    expect(await service.call(`GET /client-channel?api-key=${key}`)).toEqual(unauthenticated);
  });

  test.each([
    ['is mistyped', () => `${key}0`],
    ['belongs to another environment', () => formatApiKey(createApiKey('prod'))],
  ])('that %s is refused without a read of the table', async (_, wrong) => {
    const { headers } = await list({ 'api-key': wrong() });

    expect(headers['x-consumed-capacity']).toBeUndefined();
  });

  test('is looked up once a minute, so a revoked key is refused within a minute by every operation', async () => {
    const fresh = await service.newKey({ namespaces: ['company1'] });
    const calls = async () =>
      (await list({ 'api-key': fresh })).headers['x-consumed-capacity']?.split(';')[0];
    expect([await calls(), await calls()]).toEqual(['calls=2', 'calls=1']);

    await revokeApiKey(service.apiKeys, idOf(fresh));

    const revokedAt = performance.now();
    setMonotonicClock(revokedAt + 59_000);
    expect(await list({ 'api-key': fresh })).toMatchObject({ status: 200 });
    setMonotonicClock(revokedAt + 61_000);
    // A clock that is set back makes no difference.
    setClock(Date.now() - 60 * 60 * 1000);
    for (const route of routes) expect(await service.call(route, { key: fresh })).toEqual(unauthenticated);
  });

  test('expires even while it is cached', async () => {
    const brief = await service.newKey({ namespaces: ['company1'], expiresAt: Date.now() + 30_000 });
    expect(await list({ 'api-key': brief })).toMatchObject({ status: 200 });

    setClock(Date.now() + 31_000);

    expect(await list({ 'api-key': brief })).toEqual(unauthenticated);
  });
});

describe('the scope of a key', () => {
  test('channels:read allows no write', async () => {
    const reader = await service.newKey({ namespaces: ['company1'], scopes: ['channels:read'] });

    expect(await list({ 'api-key': reader })).toMatchObject({ status: 200 });
    for (const route of writeRoutes)
      expect(await service.call(route, { key: reader, body: { name: 'x' } })).toEqual(
        failure(403, 'forbidden', 'This API key lacks the scope "channels:write".'),
      );
  });

  test('channels:write allows no read', async () => {
    const writer = await service.newKey({ namespaces: ['company1'], scopes: ['channels:write'] });

    const read = await list({ 'api-key': writer });
    const write = await service.call('POST /client-channel', { key: writer, body: { name: 'x' } });

    expect(read).toEqual(failure(403, 'forbidden', 'This API key lacks the scope "channels:read".'));
    expect(write).toMatchObject({ status: 201 });
  });
});

describe('GET /me', () => {
  const me = (ownKey: string, headers = {}) => service.call('GET /me', { key: ownKey, headers });

  test('returns what the key may do, and the namespace in which the request acts', async () => {
    const expiresAt = Date.now() + 60_000;
    const scopes = ['channels:read' as const];
    const grant = { name: 'SAP موصل', namespaces: ['company1', 'company2'], scopes, expiresAt };
    const own = await service.newKey(grant);
    const data = {
      key_id: idOf(own),
      name: 'SAP موصل',
      namespace: 'company1',
      namespaces: ['company1', 'company2'],
      scopes,
      expires_at: new Date(expiresAt).toISOString(),
    };

    const first = await me(own);
    const second = await me(own, { 'x-company-namespace': 'company2' });

    expect(first).toEqual(success(200, data, { 'x-consumed-capacity': 'calls=1; rcu=1; wcu=0' }));
    expect(second.body.data).toEqual({ ...data, namespace: 'company2' });
    // The key is cached now, and no other table is read.
    expect(second.headers).not.toHaveProperty('x-consumed-capacity');
  });

  test('needs no scope. A key without a name has an empty one, and a key without an expiry has null', async () => {
    const own = await service.newKey({ namespaces: ['company1'], scopes: [] });

    expect((await me(own)).body).toEqual({
      success: true,
      data: {
        key_id: idOf(own),
        name: '',
        namespace: 'company1',
        namespaces: ['company1'],
        scopes: [],
        expires_at: null,
      },
    });
  });

  test('refuses query parameters', async () => {
    expect(await service.call('GET /me?a=1', { key })).toEqual(failure(400, 'invalid_request'));
  });
});

describe('x-company-namespace', () => {
  test.each([
    'theirs',
    '',
    'company1, company2',
    'COMPANY1',
    'company1#',
  ])('is refused if the key does not hold it: %j', async (namespace) => {
    for (const route of routes)
      expect(await service.call(route, { key, headers: { 'x-company-namespace': namespace } })).toEqual(
        failure(403, 'forbidden', 'This API key does not hold the namespace in "x-company-namespace".'),
      );
  });
});

describe('a request with several errors', () => {
  test('reports them in the order 401, 403, 415, 413, 400, 404, 403 of the body, 412', async () => {
    const unknown = `PUT /client-channel/${id}`;
    const { body: created } = await service.call('POST /client-channel', { key, body: { name: 'x' } });
    const own = `PUT /client-channel/${created.data._id}`;
    const text = { 'content-type': 'text/plain' };
    const stale = { 'if-match': '"9"' };
    const large = JSON.stringify({ nmae: 'x'.repeat(300_000) });
    const theirs = { company_namespace: ['theirs'] };
    const reader = await service.newKey({ namespaces: ['company1'], scopes: ['channels:read'] });

    const requests: [string, Call][] = [
      [unknown, { headers: { ...text, ...stale }, body: large }],
      [unknown, { key: reader, headers: { ...text, ...stale }, body: large }],
      [unknown, { key, headers: { ...text, ...stale }, body: large }],
      [unknown, { key, headers: stale, body: large }],
      [unknown, { key, headers: stale, body: { nmae: 'x' } }],
      [unknown, { key, headers: stale, body: theirs }],
      [own, { key, headers: stale, body: theirs }],
      [own, { key, headers: stale, body: { name: 'y' } }],
    ];
    const statuses: number[] = [];
    for (const [route, call] of requests) statuses.push((await service.call(route, call)).status);
    expect(statuses).toEqual([401, 403, 415, 413, 400, 404, 403, 412]);
  });
});
