/** @jest-environment ./test/support/one-realm-environment.ts */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  type ChangesPage,
  type Channel,
  type ChannelQuery,
  ChannelsClient,
  ChannelsError,
  type ChannelVersion,
} from '../../client/index.ts';
import { operations, type ScopedOperation } from '../../lib/manifest/operations.ts';
import { describedParameters } from '../../lib/openapi/list-parameters.ts';
import { beginGeneration } from '../../lib/projections/change-log/log-head.ts';
import { eventually } from '../support/eventually.ts';
import { anId, aTime } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';
import { ChannelCopy } from './channel-copy.ts';

const service = useService({ consumers: ['publish-events'] });
let key: string;
let namespace: string;
let client: ChannelsClient;
/** The requests that the client sent. A test may lose a response, or replace it, by the number of the request. */
let sent: { method: string; path: string; headers: Headers }[] = [];
let isLost: (attempt: number) => boolean = () => false;
let replaceResponse: (attempt: number) => Response | undefined = () => undefined;

const faultyFetch: typeof fetch = async (input, init) => {
  const { pathname: path } = new URL(String(input));
  sent.push({ method: init?.method ?? 'GET', path, headers: new Headers(init?.headers) });
  const attempt = sent.length;
  const response = replaceResponse(attempt) ?? (await fetch(input, init));
  if (isLost(attempt)) throw new TypeError('the connection was reset');
  return response;
};
const retryImmediately = { 'retry-after': '0' };

let testNumber = 0;
beforeEach(async () => {
  sent = [];
  isLost = () => false;
  replaceResponse = () => undefined;
  namespace = `client${++testNumber}`;
  key = await service.newKey({ namespaces: [namespace, `${namespace}-other`] });
  client = new ChannelsClient({ url: service.url, key, fetch: faultyFetch });
});

const retail = {
  name: 'Retail Channel',
  local_name: 'قناة التجزئة',
  integration_meta: { external_id: 'ch_123', nested: { number: 5, flag: true } },
};
/** The part of an API key that names it. */
const keyIdOf = (apiKey: string) => apiKey.split('_')[2];
const readNames = async (channels: AsyncIterable<Channel>) => {
  const names: string[] = [];
  for await (const { name } of channels) names.push(name);
  return names;
};

describe('the client', () => {
  test('has one method for every operation that needs a key, and sends the HTTP method and the path of that operation', async () => {
    // Without an external id: `restore` refuses one that another channel has by now.
    const { _id } = await client.create({ name: 'Retail' });
    const calls: Record<ScopedOperation['name'], () => Promise<unknown>> = {
      'list-channels': () => client.list(),
      'create-channel': () => client.create(retail),
      'get-channel': () => client.get(_id),
      'update-channel': () => client.update(_id, { name: 'New' }),
      'delete-channel': () => client.delete(_id),
      'upsert-channels': () => client.upsert([retail]),
      'read-changes': () => client.changes().next(),
      'read-history': () => client.history(_id).next(),
      'restore-channel': () => client.restore(_id),
      'get-own-key': () => client.me(),
    };
    for (const [name, call] of Object.entries(calls)) {
      sent = [];
      await call();
      const operation = operations.find((row) => row.name === name);
      expect(operation?.methods).toContain(sent[0]?.method);
      expect(sent.map(({ path }) => path.replace(_id, '{id}'))).toEqual([operation?.path]);
    }
  });

  test('creates, reads, changes and deletes a channel', async () => {
    const created = await client.create(retail);
    expect(created).toEqual({
      _id: anId,
      ...retail,
      disabled: false,
      company_namespace: [namespace],
      createdAt: aTime,
      updatedAt: aTime,
      __v: 0,
    });
    expect(await client.get(created._id)).toEqual(created);
    const changed = await client.update(created._id, { ...created, local_name: null, disabled: true });
    const { local_name, ...rest } = created;
    expect(changed).toEqual({ ...rest, disabled: true, updatedAt: aTime, __v: 1 });
    expect(await client.delete(created._id, { ifMatch: '*' })).toEqual(changed);
    await expect(client.get(created._id)).rejects.toMatchObject({ status: 404, code: 'not_found' });
  });

  test('acts in another namespace of the key if one is given', async () => {
    const other = new ChannelsClient({ url: service.url, key, namespace: `${namespace}-other` });
    const { _id, company_namespace } = await other.create(retail);
    expect(company_namespace).toEqual([`${namespace}-other`]);
    await expect(client.get(_id)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('writes only if the version is unchanged, and returns the known object while its version is current', async () => {
    const first = await client.create(retail);
    expect(await client.get(first._id, { known: first })).toBe(first);
    const second = await client.update(first._id, { name: 'New' }, { ifMatch: first });
    const stale = { status: 412, code: 'precondition_failed' };
    await expect(client.update(first._id, { name: 'x' }, { ifMatch: first })).rejects.toMatchObject(stale);
    await expect(client.delete(first._id, { ifMatch: first })).rejects.toMatchObject(stale);
    expect(await client.get(first._id, { known: first })).toEqual(second);
  });

  test('reads what its key may do, in the namespace in which it acts', async () => {
    const other = new ChannelsClient({ url: service.url, key, namespace: `${namespace}-other` });

    expect(await other.me()).toEqual({
      key_id: keyIdOf(key),
      name: '',
      namespace: `${namespace}-other`,
      namespaces: [namespace, `${namespace}-other`],
      scopes: ['channels:read', 'channels:write'],
      expires_at: null,
    });
  });

  test('sends the id of the request, and an error has it', async () => {
    const error = await client.get('nothing', { requestId: 'import-42' }).catch((reason) => reason);
    expect(error.requestId).toBe('import-42');
  });
});

describe('an error', () => {
  test('is a ChannelsError that has all the fields of the error response', async () => {
    const error = await client.create({ name: ' ', company_namespace: [] }).catch((reason) => reason);
    expect(error).toBeInstanceOf(ChannelsError);
    expect({ ...error }).toEqual({
      name: 'ChannelsError',
      status: 400,
      code: 'invalid_request',
      details: [
        { path: 'name', message: 'must not be blank: it needs at least one visible character' },
        { path: 'company_namespace', message: 'must name at least one namespace' },
      ],
      requestId: expect.any(String),
      retryAfter: undefined,
    });
    expect(error.message).toBe(
      'The field "name" must not be blank: it needs at least one visible character. This is the first of 2 problems: see the details.',
    );
  });

  test.each([
    [new Response('{"message":"Too Many Requests"}', { status: 429, headers: retryImmediately }), 429, 0],
    [new Response('<html>', { status: 502 }), 502, undefined],
  ])('from the gateway has no code: case %#', async (response, status, retryAfter) => {
    replaceResponse = () => response.clone();
    await expect(client.list()).rejects.toMatchObject({ status, retryAfter, code: undefined, details: [] });
  });
});

describe('a list', () => {
  test('accepts every parameter of the description', async () => {
    const query = Object.fromEntries(
      describedParameters
        .filter(({ name }) => !['cursor', 'page', 'sortBy'].includes(name))
        .map(({ name, example }) => [name, example]),
    );
    const { pagination } = await client.list(query as ChannelQuery);
    expect(pagination).toMatchObject({ page: 1, total: 0 });
    const sortBy = describedParameters.find(({ name }) => name === 'sortBy');
    await client.list({ sortBy: JSON.parse(sortBy?.example as string), page: 2 });
  });

  test.each([
    [{ name: ['a, b', '["x"]', 'null'] }, ['a, b', '["x"]', 'null']],
    [{ name: [] }, []],
    [{ search: 'null' }, ['null']],
    [{ local_name: ['قناة'] }, ['a, b']],
    [{ integration_meta: { 'a.b': 'x' } }, ['a, b']],
    [{ integration_meta: { nested: { number: 5, flag: true } } }, ['["x"]']],
    [{ integration_meta: { 'a.b': ['x', 'y'] } }, ['a, b']],
    [{ integration_meta: { 'a.b': [] } }, []],
    [{ disabled: true }, ['null']],
    [{ sort: '-name' }, ['null', 'a, b', '["x"]']],
    [{ sortBy: [{ field: 'name', type: 'asc' }] }, ['["x"]', 'a, b', 'null']],
    [{ page: 2, per_page: 2 }, ['null']],
    [{ from_updatedAt: Date.now() + 60_000 }, []],
  ] as [
    ChannelQuery,
    string[],
  ][])('finds exactly the channels that match the query: %j', async (query, names) => {
    await client.create({ name: 'a, b', local_name: 'قناة', integration_meta: { 'a.b': 'x' } });
    await client.create({ name: '["x"]', integration_meta: { nested: { number: 5, flag: true } } });
    await client.create({ name: 'null', disabled: true });
    const { data, pagination } = await client.list(query);
    expect(data.map(({ name }) => name)).toEqual(names);
    expect(pagination.total).toBe(query.page === 2 ? 3 : names.length);
  });

  test('is iterated page by page to the end, with its filters and its order', async () => {
    const numbers = Array.from({ length: 205 }, (_, index) => index);
    for (let start = 0; start < 205; start += 41)
      await Promise.all(
        numbers
          .slice(start, start + 41)
          .map((n) => client.create({ name: `n${1000 + n}`, disabled: n % 2 === 1 })),
      );
    sent = [];
    const even = numbers.filter((n) => n % 2 === 0).map((n) => `n${1000 + n}`);
    expect(await readNames(client.all({ disabled: false, sort: 'name' }))).toEqual(even);
    expect(sent).toHaveLength(2);
    sent = [];
    for await (const _ of client.all()) break;
    expect(sent).toHaveLength(1);
  });

  test('of channels that are too large for one response is iterated in smaller pages', async () => {
    const integration_meta = { text: 'x'.repeat(64 * 1024 - 20) };
    const names = Array.from({ length: 85 }, (_, index) => `n${100 + index}`);
    for (const name of names) await client.create({ name, integration_meta });
    sent = [];
    expect(await readNames(client.all())).toEqual(names);
    expect(sent).toHaveLength(3);
  });
});

describe('the changes', () => {
  const channelsInService = async () => (await client.list()).data;

  test('keep a copy right through creations, updates, deletions and a stop between two pages', async () => {
    const created = [];
    for (const name of ['a', 'b', 'c', 'd']) created.push(await client.create({ name }));
    const [a, b] = created as [Channel, Channel];
    const copy = new ChannelCopy(client);
    for await (const page of client.changes({ perPage: 2 })) {
      copy.apply(page);
      copy.position = page.position;
      break;
    }
    expect(copy.channels).toEqual(created.slice(0, 2));

    await client.delete(a._id);
    await client.update(b._id, retail);
    await client.create({ name: 'e' });

    await eventually(async () => {
      await copy.follow({ perPage: 2 });
      expect(copy.channels).toEqual(await channelsInService());
    });
    expect(copy.channels.map(({ name }) => name)).toEqual([retail.name, 'c', 'd', 'e']);
  });

  test('are read from the beginning if the service has begun a new change log, and lost deletions reach the copy', async () => {
    const created = [];
    for (const name of ['a', 'b', 'c']) created.push(await client.create({ name }));
    const [, b] = created as [Channel, Channel];
    const copy = new ChannelCopy(client);
    const first = await copy.follow();
    // Another reader shows that the deletion is in the log which is lost now.
    const other = new ChannelCopy(client);
    await other.follow();
    await client.delete(b._id);
    await eventually(async () => {
      const pages = await other.follow();
      const changes = pages.flatMap((page) => page.changes);
      expect(changes).toContainEqual({ type: 'delete', _id: b._id, changed_at: aTime });
    });
    await beginGeneration(service.projections, namespace);

    const second = await copy.follow();

    expect(second.map(({ completesReading }) => completesReading)).toEqual([false, true]);
    expect(second[0]?.reading).not.toBe(first[0]?.reading);
    expect(copy.channels).toEqual(await channelsInService());
    expect(copy.channels.map(({ name }) => name)).toEqual(['a', 'c']);
  });

  test('leave out those of the own key, if they are asked to', async () => {
    const [mine, theirs] = [await client.create({ name: 'mine' }), await client.create({ name: 'theirs' })];
    const copy = new ChannelCopy(client);
    await copy.follow();
    const other = new ChannelsClient({
      url: service.url,
      key: await service.newKey({ namespaces: [namespace] }),
    });
    // The log has both creations before this change. The creation of `mine` came before the first reading was complete, so it
    // could still come again.
    await other.update(theirs._id, { name: 'theirs, read' });
    await eventually(async () => {
      await copy.follow();
      expect(copy.channels.map(({ name }) => name)).toEqual(['mine', 'theirs, read']);
    });
    await client.update(mine._id, { name: 'mine, changed' });
    await other.update(theirs._id, { name: 'theirs, changed' });

    const ids: string[] = [];
    await eventually(async () => {
      for (const { changes } of await copy.follow({ excludeSelf: true }))
        for (const change of changes) if (change.type === 'upsert') ids.push(change.channel._id);
      expect(ids).toContain(theirs._id);
    });

    expect(ids).not.toContain(mine._id);
  });

  test('are refused with the position of another namespace', async () => {
    const [page] = await new ChannelCopy(client).follow();
    const other = new ChannelsClient({ url: service.url, key, namespace: `${namespace}-other` });
    const { position } = page as ChangesPage;
    await expect(other.changes({ position }).next()).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});

describe('the history of a channel', () => {
  const readHistory = async (id: string) => {
    const versions: ChannelVersion[] = [];
    for await (const version of client.history(id)) versions.push(version);
    return versions;
  };

  test('has every version, newest first, with the key that made it, also after a deletion and a restore', async () => {
    const otherKey = await service.newKey({ namespaces: [namespace] });
    const other = new ChannelsClient({ url: service.url, key: otherKey });
    const created = await client.create(retail);
    const { _id } = created;
    const renamed = await other.update(_id, { name: 'Wholesale' });
    await client.delete(_id);
    const [mine, theirs] = [keyIdOf(key), keyIdOf(otherKey)];
    const untilDeletion = [
      { version: 2, at: aTime, actor: mine, type: 'deleted', changed: [], channel: null },
      {
        version: 1,
        at: renamed.updatedAt,
        actor: theirs,
        type: 'updated',
        changed: ['name'],
        channel: renamed,
      },
      { version: 0, at: created.updatedAt, actor: mine, type: 'created', changed: [], channel: created },
    ];
    await eventually(async () => expect(await readHistory(_id)).toEqual(untilDeletion));

    const restored = await other.restore(_id);

    expect(restored).toEqual({ ...renamed, updatedAt: aTime, __v: 3 });
    const { updatedAt: at } = restored;
    const restore = { version: 3, at, actor: theirs, type: 'restored', changed: [], channel: restored };
    await eventually(async () => expect(await readHistory(_id)).toEqual([restore, ...untilDeletion]));
  });

  test('is iterated page by page to the end', async () => {
    const { _id } = await client.create({ name: 'Retail' });
    for (let version = 1; version <= 100; version++)
      await client.update(_id, { integration_meta: { version } });
    const numbers = Array.from({ length: 101 }, (_, index) => 100 - index);

    await eventually(async () => {
      sent = [];
      expect((await readHistory(_id)).map(({ version }) => version)).toEqual(numbers);
    });

    expect(sent).toHaveLength(2);
  });

  test('of an unknown channel is an error', async () => {
    await expect(client.history('nothing').next()).rejects.toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('a restore', () => {
  test('brings back a deleted channel, and leaves one that is there', async () => {
    const { _id } = await client.create(retail);
    const deleted = await client.delete(_id);

    const restored = await client.restore(_id);

    expect(restored).toEqual({ ...deleted, updatedAt: aTime, __v: 2 });
    expect(await client.restore(_id)).toEqual(restored);
    expect((await client.list({ search: 'retail' })).data).toEqual([restored]);
  });

  test('is refused if another channel has the external id by now, and the error names that channel', async () => {
    const { _id } = await client.create(retail);
    await client.delete(_id);
    const later = await client.create(retail);

    const error = await client.restore(_id).catch((reason) => reason);

    const message = `is now that of the channel ${later._id} in the namespace "${namespace}"`;
    expect(error).toMatchObject({
      status: 409,
      code: 'conflict',
      details: [{ path: 'integration_meta.external_id', message }],
    });
    expect((await client.list()).data).toEqual([later]);
  });
});

describe('a request whose response is lost', () => {
  test('is sent again if it restores, and restores once', async () => {
    const { _id } = await client.create(retail);
    await client.delete(_id);
    sent = [];
    isLost = (attempt) => attempt === 1;

    const restored = await client.restore(_id);

    expect(sent).toHaveLength(2);
    expect(restored.__v).toBe(2);
    expect((await client.list()).data).toEqual([restored]);
  });

  test('is sent again with the same idempotency key if it creates, and creates one channel', async () => {
    isLost = (attempt) => attempt === 1;
    const created = await client.create(retail);
    expect(new Set(sent.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(1);
    expect(sent).toHaveLength(2);
    expect((await client.list()).data).toEqual([created]);
  });

  test('of several processes creates one channel if they share an idempotency key', async () => {
    const made = await Promise.all(
      [1, 2, 3].map(() => client.create(retail, { idempotencyKey: 'erp-group-7' })),
    );
    expect(new Set(made.map(({ _id }) => _id)).size).toBe(1);
    await expect(client.create({ name: 'other' }, { idempotencyKey: 'erp-group-7' })).rejects.toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
  });

  test('is not sent again if it changes a channel, because another writer may have changed the channel since', async () => {
    const { _id } = await client.create(retail);
    sent = [];
    isLost = () => true;
    await expect(client.update(_id, { name: 'New' })).rejects.toThrow('the connection was reset');
    expect(sent).toHaveLength(1);
  });

  test('fails after three attempts', async () => {
    isLost = () => true;
    await expect(client.list()).rejects.toThrow('the connection was reset');
    expect(sent).toHaveLength(3);
  });
});

/** A port on which nothing listens. */
const unusedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

describe('a request without a response', () => {
  const lost = new TypeError('the connection was reset');

  test('is an error that names the URL, the reason and what to check', async () => {
    isLost = () => true;
    await expect(client.update('x', { name: 'New' })).rejects.toEqual(
      new Error(
        `There is no response from ${service.url} (the connection was reset). Check this URL, and that the service runs there.`,
        { cause: lost },
      ),
    );
  });

  test('names the reason that fetch keeps in the causes of its error', async () => {
    const port = await unusedPort();
    const reasons = {
      [`http://127.0.0.1:${port}`]: `connect ECONNREFUSED 127.0.0.1:${port}`,
      [`localhost:${port}`]: 'unknown scheme',
      nowhere: 'Invalid URL',
    };
    for (const [url, reason] of Object.entries(reasons))
      await expect(new ChannelsClient({ url, key }).delete('x')).rejects.toThrow(
        `There is no response from ${url} (${reason}). `,
      );
  });

  test('names the code if the reason has no sentence, as when a name has two addresses and neither answers', async () => {
    const cause = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    const refused: typeof fetch = () => Promise.reject(new TypeError('fetch failed', { cause }));
    const elsewhere = new ChannelsClient({ url: 'http://localhost', key, fetch: refused });
    await expect(elsewhere.delete('x')).rejects.toThrow(
      'There is no response from http://localhost (ECONNREFUSED). ',
    );
  });
});

describe('a retry', () => {
  const respondWith = (status: number) => () => new Response('{}', { status, headers: retryImmediately });

  test.each([
    ['follows a 429 for a change', 429, 'update', 3],
    ['follows a 502 for a read', 502, 'get', 3],
    ['follows a 503 for a read', 503, 'get', 3],
    ['follows a 504 for a creation, which has an idempotency key', 504, 'create', 3],
    ['does not follow a 503 for a change, which may have been carried out', 503, 'update', 1],
    ['does not follow a 504 for a deletion, which may have been carried out', 504, 'delete', 1],
    ['does not follow a 409, after which the channel must be read again', 409, 'update', 1],
  ] as const)('%s', async (_, status, operation, attempts) => {
    const { _id } = await client.create(retail);
    sent = [];
    replaceResponse = respondWith(status);
    const calls = {
      get: () => client.get(_id),
      create: () => client.create(retail),
      update: () => client.update(_id, { name: 'New' }),
      delete: () => client.delete(_id),
    };
    await expect(calls[operation]()).rejects.toMatchObject({ status });
    expect(sent).toHaveLength(attempts);
  });

  test('returns the response of the attempt that succeeds', async () => {
    const created = await client.create(retail);
    sent = [];
    replaceResponse = (attempt) => (attempt < 3 ? respondWith(429)() : undefined);
    expect(await client.get(created._id)).toEqual(created);
  });
});

describe('a signal', () => {
  test('aborts a call before it is sent, and in the pause before a retry', async () => {
    const reason = new Error('enough');
    const ended = AbortSignal.abort(reason);
    await expect(client.list({}, { signal: ended })).rejects.toBe(reason);
    const controller = new AbortController();
    replaceResponse = () => {
      setImmediate(() => controller.abort(reason));
      return new Response('{}', { status: 429, headers: { 'retry-after': '600' } });
    };
    await expect(client.list({}, { signal: controller.signal })).rejects.toBe(reason);
  });
});
