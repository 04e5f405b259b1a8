import { beforeAll, describe, expect, test } from '@jest/globals';
import { cursorAfter, readToEnd, requestChanges, untilNumbered } from '../support/change-feed.ts';
import { failure } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1'], consumers: ['publish-events'] });
let foreignKey: string;
let foreign: { _id: string };

beforeAll(async () => {
  foreignKey = await service.newKey({ namespaces: ['company2'] });
  const { body } = await service.call('POST /client-channel', {
    key: foreignKey,
    body: { name: 'secret', integration_meta: { external_id: 'secret', id: 'secret' } },
  });
  foreign = body.data;
  // From now on the own key is cached, so that all requests report the same capacity.
  await service.call('GET /client-channel');
});

/** The response without the headers that differ every time. */
const comparableReply = async (route: string, body: unknown, headers: Record<string, string>) => {
  const reply = await service.call(route, {
    headers: { 'x-request-id': 'same', ...headers },
    ...(body ? { body } : {}),
  });
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
] as const)('%s with the body %j and the headers %j', (method, body, headers) => {
  test('returns the same bytes for a foreign channel as for an unknown one, and does not change it', async () => {
    const unknown = await comparableReply(
      `${method} /client-channel/60f1b2b3c9e9a12345678901`,
      body,
      headers,
    );
    const ofForeign = await comparableReply(`${method} /client-channel/${foreign._id}`, body, headers);
    const malformed = await comparableReply(`${method} /client-channel/malformed`, body, headers);

    expect(unknown.status).toBe(404);
    expect(ofForeign).toEqual(unknown);
    expect({ status: malformed.status, body: malformed.body }).toEqual({ status: 404, body: unknown.body });
    const kept = await service.call(`GET /client-channel/${foreign._id}`, { key: foreignKey });
    expect(kept.body.data).toEqual(foreign);
  });
});

test.each([
  ['none', () => ''],
  ['its id', () => `?_id=${foreign._id}`],
  ['a search', () => '?search=secret'],
  ['its name', () => '?name=secret'],
  ['its external id', () => '?integration_meta.external_id=secret'],
  ['its other external id, among others', () => '?integration_meta.id=["secret","x"]'],
  ['its external id and a search', () => '?integration_meta.external_id=secret&search=secret'],
  ['a lower bound', () => '?from__id=000000000000000000000000'],
])('a list does not contain a channel of another namespace, whatever the filter: %s', async (_, query) => {
  const { body } = await service.call(`GET /client-channel${query()}`);

  expect([body.data, body.pagination.total]).toEqual([[], 0]);
});

test('a shared channel is found by its external id only in its own namespaces, and as long as it is there', async () => {
  const key = await service.newKey({ namespaces: ['left', 'right'] });
  const strangers = await service.newKey({ namespaces: ['strangers'] });
  const body = {
    name: 'shared',
    integration_meta: { external_id: 'shared' },
    company_namespace: ['left', 'right'],
  };
  const { _id } = (await service.call('POST /client-channel', { key, body })).body.data;
  const query = 'GET /client-channel?integration_meta.external_id=shared';
  const found = async () =>
    Promise.all([
      ...['left', 'right'].map(async (namespace) => {
        const headers = { 'x-company-namespace': namespace };
        return (await service.call(query, { key, headers })).body.pagination.total;
      }),
      service.call(query, { key: strangers }).then((reply) => reply.body.pagination.total),
    ]);

  expect(await found()).toEqual([1, 1, 0]);
  await service.call(`PUT /client-channel/${_id}`, { key, body: { company_namespace: ['left'] } });
  expect(await found()).toEqual([1, 0, 0]);
});

test.each(['cursor', 'from__id'])('a cursor of another namespace is refused as %s', async (parameter) => {
  await service.call('POST /client-channel', { key: foreignKey, body: { name: 'second' } });
  const { body } = await service.call('GET /client-channel?per_page=1', { key: foreignKey });

  const reply = await service.call(`GET /client-channel?${parameter}=${body.pagination.next_cursor}`);

  expect(reply).toEqual(failure(400, 'invalid_cursor'));
});

describe('the changes', () => {
  let key: string;
  let shared: { _id: string };
  const tenants = ['tenant1', 'tenant2', 'tenant3'];
  const inNamespace = (namespace: string) => ({ key, headers: { 'x-company-namespace': namespace } });
  /** The ids in all rows of a reading, with their types. */
  const read = async (namespace: string, cursor?: string) => {
    const pages = await readToEnd(service, { cursor }, inNamespace(namespace));
    const rows = pages
      .flatMap(({ data }) => data)
      .map((row) => `${row.type} ${row.type === 'upsert' ? row.channel.name : row._id}`);
    return { rows, cursor: cursorAfter(pages) };
  };
  const readAll = async (cursors: (string | undefined)[]) =>
    Promise.all(tenants.map((namespace, index) => read(namespace, cursors[index])));
  const write = async (route: string, body?: object) => {
    const { status, body: answer } = await service.call(route, { key, ...(body && { body }) });
    expect(status).toBeLessThan(300);
    return answer.data;
  };

  beforeAll(async () => {
    key = await service.newKey({ namespaces: tenants });
    for (const namespace of tenants)
      await write('POST /client-channel', { name: `only in ${namespace}`, company_namespace: [namespace] });
    const company_namespace = ['tenant1', 'tenant2'];
    shared = await write('POST /client-channel', { name: 'shared', company_namespace });
  });

  test('of a shared channel are read in its own namespaces only, from its creation to its deletion', async () => {
    const { _id } = shared;
    const first = await readAll([]);
    expect(first.map(({ rows }) => new Set(rows))).toEqual([
      new Set(['upsert only in tenant1', 'upsert shared']),
      new Set(['upsert only in tenant2', 'upsert shared']),
      new Set(['upsert only in tenant3']),
    ]);

    await write(`PUT /client-channel/${_id}`, { name: 'shared 2' });
    await untilNumbered(service, [`tenant1:${_id}:1`, `tenant2:${_id}:1`]);
    const second = await readAll(first.map(({ cursor }) => cursor));
    expect(second.map(({ rows }) => rows)).toEqual([['upsert shared 2'], ['upsert shared 2'], []]);

    await write(`PUT /client-channel/${_id}`, { company_namespace: ['tenant1'], name: 'secret' });
    await write(`PUT /client-channel/${_id}`, { name: 'more secret' });
    await untilNumbered(service, [`tenant1:${_id}:3`, `tenant2:${_id}:2`]);
    const third = await readAll(second.map(({ cursor }) => cursor));
    expect(third.map(({ rows }) => rows)).toEqual([['upsert more secret'], [`delete ${_id}`], []]);

    await write(`DELETE /client-channel/${_id}`);
    await untilNumbered(service, [`tenant1:${_id}:4`]);
    const fourth = await readAll(third.map(({ cursor }) => cursor));
    expect(fourth.map(({ rows }) => rows)).toEqual([[`delete ${_id}`], [], []]);
  });

  test('are refused with a cursor of another namespace, also of one that the key holds', async () => {
    const cursors = (await readAll([])).map(({ cursor }) => cursor);
    const started = await requestChanges(service, { per_page: 1 }, inNamespace('tenant1'));
    const foreign = [started.body.pagination.next_cursor, cursors[0]];

    for (const cursor of foreign)
      expect(await requestChanges(service, { cursor }, inNamespace('tenant2'))).toEqual(
        failure(400, 'invalid_cursor'),
      );
    expect(await requestChanges(service, { cursor: cursors[0] }, { key: foreignKey })).toEqual(
      failure(400, 'invalid_cursor'),
    );
  });
});
