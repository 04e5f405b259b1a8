import { beforeAll, describe, expect, test } from '@jest/globals';
import { cursorAfter, readToEnd, requestChanges, untilNumbered } from '../support/change-feed.ts';
import { eventually } from '../support/eventually.ts';
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

describe('the history and the restore of a channel of another namespace', () => {
  const headersOf = { 'accept-encoding': 'identity' };

  test.each([
    ['GET', 'history', undefined],
    ['POST', 'restore', undefined],
    ['POST', 'restore', {}],
  ] as const)('%s …/%s with the body %j returns the same bytes as for an unknown one: there, deleted, and restored', async (method, action, body) => {
    const channel = await service.call('POST /client-channel', { key: foreignKey, body: { name: 'secret' } });
    const { _id } = channel.body.data;
    const ask = (id: string) => comparableReply(`${method} /client-channel/${id}/${action}`, body, headersOf);
    const unknown = await ask('60f1b2b3c9e9a12345678901');
    expect(unknown.status).toBe(404);

    for (const change of [
      `GET /client-channel/${_id}`,
      `DELETE /client-channel/${_id}`,
      `POST /client-channel/${_id}/restore`,
    ]) {
      expect((await service.call(change, { key: foreignKey })).status).toBe(200);
      expect(await ask(_id)).toEqual(unknown);
    }
    const malformed = await ask('malformed');
    expect({ status: malformed.status, body: malformed.body }).toEqual({ status: 404, body: unknown.body });
  });

  test('show of a shared channel only what happened in the own namespace, and restore it only for a key that holds all', async () => {
    const both = await service.newKey({ namespaces: ['shop', 'rival'] });
    const [shop, rival] = [
      await service.newKey({ namespaces: ['shop'] }),
      await service.newKey({ namespaces: ['rival'] }),
    ];
    const body = { name: 'before', company_namespace: ['shop'] };
    const { _id } = (await service.call('POST /client-channel', { key: both, body })).body.data;
    const route = `/client-channel/${_id}`;
    const update = (change: object, key = both) => service.call(`PUT ${route}`, { key, body: change });
    await update({ company_namespace: ['shop', 'rival'] });
    await update({ name: 'shared' });
    await update({ company_namespace: ['shop'] });
    await update({ name: 'private' }, shop);
    const readHistory = async (key: string) => {
      const reply = await service.call(`GET ${route}/history`, { key });
      return reply.body.data.map(
        (version: { version: number; type: string; channel: { name: string } | null }) => [
          version.version,
          version.type,
          version.channel?.name,
        ],
      );
    };

    await eventually(async () => {
      expect(await readHistory(shop)).toEqual([
        [4, 'updated', 'private'],
        [3, 'updated', 'shared'],
        [2, 'updated', 'shared'],
        [1, 'updated', 'before'],
        [0, 'created', 'before'],
      ]);
      expect(await readHistory(rival)).toEqual([
        [3, 'deleted', undefined],
        [2, 'updated', 'shared'],
        [1, 'created', 'before'],
      ]);
    });
    const cursorOf = async (key: string) =>
      (await service.call(`GET ${route}/history?per_page=1`, { key })).body.pagination.next_cursor;
    expect(await service.call(`GET ${route}/history?cursor=${await cursorOf(shop)}`, { key: rival })).toEqual(
      failure(400, 'invalid_cursor'),
    );

    await service.call(`DELETE ${route}`, { key: shop });
    expect(await service.call(`POST ${route}/restore`, { key: rival })).toEqual(failure(404, 'not_found'));
    expect((await service.call(`POST ${route}/restore`, { key: shop })).body.data).toMatchObject({
      name: 'private',
      company_namespace: ['shop'],
    });
    await update({ company_namespace: ['shop', 'rival'] });
    await service.call(`DELETE ${route}`, { key: both });
    expect(await service.call(`POST ${route}/restore`, { key: rival })).toEqual(failure(403, 'forbidden'));
    expect(await service.call(`POST ${route}/restore`, { key: shop })).toEqual(failure(403, 'forbidden'));
    expect((await service.call(`POST ${route}/restore`, { key: both })).status).toBe(200);
  });
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
    const create = async (name: string, ...company_namespace: string[]) => {
      const created = await write('POST /client-channel', { name, company_namespace });
      await untilNumbered(
        service,
        company_namespace.map((namespace) => `${namespace}:${created._id}:0`),
      );
      return created;
    };
    for (const namespace of tenants) await create(`only in ${namespace}`, namespace);
    shared = await create('shared', 'tenant1', 'tenant2');
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
