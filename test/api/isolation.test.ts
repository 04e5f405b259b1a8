import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Service, startService } from '../support/service.ts';

let service: Service;
let own: string;
let theirs: string;
let foreign: string;

beforeAll(async () => {
  service = await startService();
  own = await service.newKey({ namespaces: ['company1'] });
  theirs = await service.newKey({ namespaces: ['company2'] });
  const { body } = await service.call('POST /client-channel', { key: theirs, body: { name: 'secret' } });
  foreign = body.data._id;
  // From here on the key is remembered, and no request costs more than another.
  await service.call('GET /client-channel', { key: own });
});
afterAll(() => service.stop());

/** What a client sees of an answer, but for what is drawn anew every time. */
const seen = async (route: string, body: unknown, headers: Record<string, string>) => {
  const call = { key: own, headers: { 'x-request-id': 'same', ...headers }, ...(body ? { body } : {}) };
  const reply = await service.call(route, call);
  const { date, ...kept } = reply.headers;
  return { ...reply, headers: kept };
};

describe.each([
  ['GET', undefined, {}],
  ['GET', undefined, { 'if-none-match': '*' }],
  ['PUT', { name: 'x' }, {}],
  ['PUT', { local_name: 'x' }, {}],
  ['PUT', { local_name: 'x' }, { 'if-match': '*' }],
  ['PUT', { name: 'x' }, { 'if-match': '"0"' }],
  ['PUT', { company_namespace: ['company1'] }, {}],
  ['PUT', { company_namespace: ['company1', 'company2'] }, {}],
  ['PATCH', { disabled: true }, {}],
  ['DELETE', undefined, {}],
  ['DELETE', undefined, { 'if-match': '"0"' }],
] as const)('%s with %j and %j', (method, body, headers) => {
  test('tells a foreign channel from none by no byte, and leaves it as it is', async () => {
    const unknown = await seen(`${method} /client-channel/60f1b2b3c9e9a12345678901`, body, headers);
    expect(unknown.status).toBe(404);
    expect(await seen(`${method} /client-channel/${foreign}`, body, headers)).toEqual(unknown);
    const malformed = await seen(`${method} /client-channel/malformed`, body, headers);
    expect({ status: malformed.status, body: malformed.body }).toEqual({ status: 404, body: unknown.body });

    const kept = await service.call(`GET /client-channel/${foreign}`, { key: theirs });
    expect(kept.body.data).toMatchObject({ name: 'secret', company_namespace: ['company2'], __v: 0 });
  });
});

test('a list shows nothing of another namespace, by whatever filter', async () => {
  for (const query of [
    '',
    `?_id=${foreign}`,
    '?search=secret',
    '?name=secret',
    '?from__id=000000000000000000000000',
  ]) {
    const { body } = await service.call(`GET /client-channel${query}`, { key: own });
    expect([body.data, body.pagination.total]).toEqual([[], 0]);
  }
});

test('a cursor of another namespace is none', async () => {
  await service.call('POST /client-channel', { key: theirs, body: { name: 'second' } });
  const { body } = await service.call('GET /client-channel?per_page=1', { key: theirs });
  const cursor = body.pagination.next_cursor;
  for (const query of [`cursor=${cursor}`, `from__id=${cursor}`])
    expect(await service.call(`GET /client-channel?${query}`, { key: own })).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
});
