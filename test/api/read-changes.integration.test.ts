import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Scope } from '../../lib/auth/api-key.ts';
import { type ChangeCursor, openChangeCursor, sealChangeCursor } from '../../lib/changes/change-cursor.ts';
import type { ChannelChange } from '../../lib/changes/read-changes.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { beginGeneration, readHead } from '../../lib/projections/change-log/log-head.ts';
import { entriesAfter } from '../../lib/projections/change-log/log-items.ts';
import { encodedBytes, maxDataBytes } from '../../lib/response-size.ts';
import {
  type ChangesAnswer,
  cursorAfter,
  readToEnd,
  requestChanges,
  untilNumbered,
} from '../support/change-feed.ts';
import { failure, success } from '../support/matchers.ts';
import { channelOf, metaOfSize, seedChannels } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ consumers: ['publish-events'] });
const dayMs = 24 * 60 * 60 * 1000;
/** The secret of the service. */
const secrets = { current: 'c0'.repeat(32) };

let count = 0;

/** A namespace of its own, its neighbour, and clients that hold both. */
const newTenant = () => {
  const namespace = `changes${++count}`;
  const neighbour = `${namespace}-neighbour`;
  /** The events of all writes so far. */
  const events: string[] = [];
  const expectEvents = ({ _id, __v }: ChannelDocument, ...seenBy: string[]) =>
    events.push(...seenBy.map((each) => `${each}:${_id}:${__v}`));

  const newClient = async (scopes?: Scope[]) => {
    const key = await service.newKey({ namespaces: [namespace, neighbour], ...(scopes && { scopes }) });
    const call = async (route: string, body?: object): Promise<ChannelDocument> => {
      const reply = await service.call(route, { key, ...(body && { body }) });
      expect([200, 201]).toContain(reply.status);
      return reply.body.data;
    };
    return {
      key,
      request: (query: object = {}) => requestChanges(service, { ...query }, { key }),
      readToEnd: (query: object = {}, headers = {}) => readToEnd(service, { ...query }, { key, headers }),
      create: async (name: string, body: object = {}) => {
        const created = await call('POST /client-channel', { name, ...body });
        expectEvents(created, ...created.company_namespace);
        return created;
      },
      update: async ({ _id, company_namespace: before }: ChannelDocument, body: object) => {
        const updated = await call(`PUT /client-channel/${_id}`, body);
        expectEvents(updated, ...new Set([...before, ...updated.company_namespace]));
        return updated;
      },
      remove: async ({ _id }: ChannelDocument) => {
        const removed = await call(`DELETE /client-channel/${_id}`);
        expectEvents({ ...removed, __v: removed.__v + 1 }, ...removed.company_namespace);
        return removed;
      },
    };
  };
  return { namespace, neighbour, newClient, untilNumbered: () => untilNumbered(service, events) };
};

/** A client of a namespace, and the cursor after its first reading. */
const newFollower = async () => {
  const tenant = newTenant();
  const client = await tenant.newClient();
  return { tenant, client, cursor: cursorAfter(await client.readToEnd()) };
};

const upsert = (channel: ChannelDocument): ChannelChange => ({
  type: 'upsert',
  channel,
  changed_at: channel.updatedAt,
});

/** A deletion happened when its event says. */
const deletion = (namespace: string, { _id, __v }: ChannelDocument): ChannelChange => ({
  type: 'delete',
  _id,
  changed_at: service.events.find(({ detail }) => detail.id === `${namespace}:${_id}:${__v + 1}`)?.detail
    .occurred_at as string,
});

const answer = (data: ChannelChange[], has_more: boolean, per_page = 100) => {
  const { status, headers, body } = success(200, data);
  return { status, headers, body: { ...body, pagination: paginationOf(has_more, per_page) } };
};
const paginationOf = (has_more: boolean, per_page: number) => ({
  per_page,
  next_cursor: expect.stringMatching(/^[\w-]{60,}$/),
  has_more,
});

const rowsOf = (pages: ChangesAnswer[]): ChannelChange[] => pages.flatMap(({ data }) => data);
const pagesOf = (pages: ChangesAnswer[]) => pages.map(({ data, pagination }) => [data, pagination.has_more]);

describe('a first reading', () => {
  test('of an empty namespace brings nothing, and its cursor brings what follows', async () => {
    const { newClient, untilNumbered: numbered } = newTenant();
    const client = await newClient();

    const first = await client.request();
    const second = await client.request({ cursor: first.body.pagination.next_cursor });
    const created = await client.create('First');
    await numbered();
    const third = await client.request({ cursor: second.body.pagination.next_cursor });

    expect([first, second, third]).toEqual([
      answer([], true),
      answer([], false),
      answer([upsert(created)], false),
    ]);
  });

  test('brings all channels of the namespace page by page, in the order of their ids', async () => {
    const { neighbour, newClient, untilNumbered: numbered } = newTenant();
    const client = await newClient();
    const channels: ChannelDocument[] = [];
    for (const name of ['E', 'D', 'C', 'B', 'A']) channels.push(await client.create(name));
    await client.create('Elsewhere', { company_namespace: [neighbour] });
    await numbered();
    const [one, two, three, four, five] = channels.map(upsert);

    expect(pagesOf(await client.readToEnd({ per_page: 2 }))).toEqual([
      [[one, two], true],
      [[three, four], true],
      [[five], true],
      [[], false],
    ]);
    expect(pagesOf(await client.readToEnd({ per_page: 5 }))).toEqual([
      [[one, two, three, four, five], true],
      [[], true],
      [[], false],
    ]);
  });

  test('brings the changes that are made meanwhile, behind and ahead of it', async () => {
    const { newClient, untilNumbered: numbered, namespace } = newTenant();
    const client = await newClient();
    const a = await client.create('A');
    const b = await client.create('B');
    const c = await client.create('C');
    const d = await client.create('D');
    await numbered();

    const first = await client.request({ per_page: 2 });
    const renamed = await client.update(a, { name: 'Renamed' });
    await client.remove(b);
    await client.remove(c);
    const e = await client.create('E');
    await numbered();
    const rest = await client.readToEnd({ cursor: first.body.pagination.next_cursor });

    expect(first).toEqual(answer([upsert(a), upsert(b)], true, 2));
    expect(pagesOf(rest)).toEqual([
      [[upsert(d), upsert(e)], true],
      [[upsert(renamed), deletion(namespace, b), deletion(namespace, c), upsert(e)], false],
    ]);
  });
});

describe('after the first reading', () => {
  test('a reader gets the changed channels as they are now, the deleted ones by their ids, and each one once in a page', async () => {
    const { client, cursor, tenant } = await newFollower();
    const a = await client.create('A', { local_name: 'ا', integration_meta: { external_id: 7 } });
    const b = await client.create('B');
    const c = await client.create('C');
    await client.update(a, { name: 'A2' });
    const lastA = await client.update(a, { disabled: true, integration_meta: { external_id: 8 } });
    const lastB = await client.update(b, { local_name: 'ب' });
    await client.remove(b);
    await tenant.untilNumbered();

    const reply = await client.request({ cursor });

    expect(reply).toEqual(answer([upsert(lastA), deletion(tenant.namespace, lastB), upsert(c)], false));
    expect(await client.request({ cursor: reply.body.pagination.next_cursor })).toEqual(answer([], false));
  });

  test('a reader gets the same changes again if it asks again with an earlier cursor', async () => {
    const { client, cursor, tenant } = await newFollower();
    const created = await client.create('A');
    await tenant.untilNumbered();

    const replies = [await client.request({ cursor }), await client.request({ cursor })];

    expect(replies).toEqual(replies.map(() => answer([upsert(created)], false)));
  });

  test('a page has at most per_page changes, and the next page begins behind them', async () => {
    const { client, cursor, tenant } = await newFollower();
    const channels: ChannelDocument[] = [];
    for (const name of ['A', 'B', 'C']) channels.push(await client.create(name));
    await tenant.untilNumbered();
    const [a, b, c] = channels.map(upsert);

    expect(pagesOf(await client.readToEnd({ cursor, per_page: 1 }))).toEqual([
      [[a], true],
      [[b], true],
      [[c], false],
    ]);
    expect(pagesOf(await client.readToEnd({ cursor, per_page: 2 }))).toEqual([
      [[a, b], true],
      [[c], false],
    ]);
    expect(pagesOf(await client.readToEnd({ cursor, per_page: 3 }))).toEqual([[[a, b, c], false]]);
  });

  test('an update that changes nothing, and a refused one, are no changes', async () => {
    const { client, cursor, tenant } = await newFollower();
    const created = await client.create('A');
    await client.update(created, { name: 'A' });
    await service.call(`PUT /client-channel/${created._id}`, {
      key: client.key,
      body: { name: 'B' },
      headers: { 'if-match': '"7"' },
    });
    const last = await client.create('Last');
    await tenant.untilNumbered();

    const pages = await client.readToEnd({ cursor, per_page: 1 });

    expect(pagesOf(pages)).toEqual([
      [[upsert(created)], true],
      [[upsert(last)], false],
    ]);
  });

  test('a channel that joins the namespace is an upsert there, and one that leaves it a delete', async () => {
    const { client, cursor, tenant } = await newFollower();
    const { namespace, neighbour } = tenant;
    const inNeighbour = { 'x-company-namespace': neighbour };
    const cursorOfNeighbour = cursorAfter(await client.readToEnd({}, inNeighbour));
    const created = await client.create('Restless');

    const shared = await client.update(created, { company_namespace: [namespace, neighbour] });
    await tenant.untilNumbered();
    const joined = await client.readToEnd({ cursor: cursorOfNeighbour }, inNeighbour);
    const moved = await client.update(shared, { company_namespace: [neighbour] });
    await tenant.untilNumbered();

    expect(pagesOf(joined)).toEqual([[[upsert(shared)], false]]);
    expect(pagesOf(await client.readToEnd({ cursor: cursorAfter(joined) }, inNeighbour))).toEqual([
      [[upsert(moved)], false],
    ]);
    const left = { type: 'delete', _id: created._id, changed_at: moved.updatedAt };
    expect(pagesOf(await client.readToEnd({ cursor }))).toEqual([[[left], false]]);
  });

  test('a page ends before an entry of the change log that cannot be seen yet, and the next page begins with it', async () => {
    const { client, cursor, tenant } = await newFollower();
    const rows: ChannelChange[] = [];
    for (const name of ['A', 'B', 'C']) rows.push(upsert(await client.create(name)));
    await tenant.untilNumbered();
    const [a, b, c] = rows as [ChannelChange, ChannelChange, ChannelChange];
    const head = await readHead(service.projections, tenant.namespace);
    const { items } = await service.projections.query(entriesAfter(tenant.namespace, head, 0));
    const { pk, sk, ...attributes } = items[1] as Item & { pk: string; sk: string };

    await service.projections.delete({ Key: { pk, sk } });
    const first = await client.request({ cursor });
    const waiting = await client.request({ cursor: first.body.pagination.next_cursor });
    await service.projections.put({ Item: { pk, sk, ...attributes } });
    const last = await client.request({ cursor: waiting.body.pagination.next_cursor });

    expect([first, waiting, last]).toEqual([answer([a], true), answer([], true), answer([b, c], false)]);
  });

  test('a page ends before it exceeds 5 MiB, and the next page brings the rest', async () => {
    const { client, cursor, tenant } = await newFollower();
    const { namespace } = tenant;
    const channels = Array.from({ length: 100 }, (_, index) =>
      channelOf(index, { company_namespace: [namespace], integration_meta: metaOfSize(64 * 1024) }),
    );
    const documents = await seedChannels(service, channels);
    await untilNumbered(
      service,
      documents.map(({ _id }) => `${namespace}:${_id}:0`),
    );

    const pages = await client.readToEnd({ cursor });

    const sizes = pages.map(({ data }) => data.reduce((sum, row) => sum + encodedBytes(row), 0));
    const [first, second] = pages;
    expect(sizes[0]).toBeLessThanOrEqual(maxDataBytes);
    expect((sizes[0] as number) + encodedBytes(second?.data[0] as object)).toBeGreaterThan(maxDataBytes);
    expect(pages.map(({ pagination }) => pagination)).toEqual([
      paginationOf(true, 100),
      paginationOf(false, 100),
    ]);
    expect(first.data.length + (second?.data.length ?? 0)).toBe(100);
    const byId = (one: ChannelDocument, other: ChannelDocument) => (one._id < other._id ? -1 : 1);
    const read = rowsOf(pages).map(
      (row) => (row.type === 'upsert' ? row.channel : undefined) as ChannelDocument,
    );
    expect(read.sort(byId)).toEqual(documents);
  });
});

describe('with exclude_self', () => {
  test('a reader gets the changes of all others, but not its own', async () => {
    const { client, cursor, tenant } = await newFollower();
    const other = await tenant.newClient();
    const mine = await client.create('Mine');
    const foreign = await other.create('Foreign');
    await client.update(mine, { name: 'Still mine' });
    const alsoForeign = await other.create('Also foreign');
    await other.remove(alsoForeign);
    await tenant.untilNumbered();

    const reply = await client.request({ cursor, exclude_self: true });

    expect(reply).toEqual(answer([upsert(foreign), deletion(tenant.namespace, alsoForeign)], false));
    const all = await client.readToEnd({ cursor, exclude_self: false });
    expect(rowsOf(all)).toHaveLength(3);
  });

  test('a reader gets a channel that somebody else has changed since the cursor, no matter who wrote last', async () => {
    const { client, tenant } = await newFollower();
    const other = await tenant.newClient();
    const channels = [await client.create('A'), await client.create('B'), await client.create('C')];
    const [a, b, c] = channels as [ChannelDocument, ChannelDocument, ChannelDocument];
    await tenant.untilNumbered();
    const cursor = cursorAfter(await client.readToEnd());

    await other.update(a, { name: 'A of another' });
    const lastOfA = await client.update(a, { local_name: 'ا' });
    await other.update(b, { name: 'B of another' });
    await client.remove(b);
    await client.update(c, { name: 'C of mine' });
    await tenant.untilNumbered();

    const reply = await client.request({ cursor, exclude_self: true });

    const deleted = deletion(tenant.namespace, { ...b, __v: 1 });
    expect(reply).toEqual(answer([upsert(lastOfA), deleted], false));
  });

  test('a page without a change of others is empty, and says that more may follow', async () => {
    const { client, cursor, tenant } = await newFollower();
    const other = await tenant.newClient();
    await client.create('Mine');
    await client.create('Mine too');
    const foreign = await other.create('Foreign');
    await tenant.untilNumbered();

    expect(pagesOf(await client.readToEnd({ cursor, exclude_self: true, per_page: 1 }))).toEqual([
      [[], true],
      [[], true],
      [[upsert(foreign)], false],
    ]);
  });

  test('nothing is left out until the first reading is complete', async () => {
    const tenant = newTenant();
    const client = await tenant.newClient();
    const a = await client.create('A');
    const b = await client.create('B');
    await tenant.untilNumbered();

    const first = await client.request({ exclude_self: true, per_page: 1 });
    const renamed = await client.update(a, { name: 'Renamed' });
    await client.remove(b);
    await tenant.untilNumbered();
    const rest = await client.readToEnd({
      cursor: first.body.pagination.next_cursor,
      exclude_self: true,
      per_page: 1,
    });
    await client.update(renamed, { name: 'Renamed again' });
    await tenant.untilNumbered();
    const later = await client.readToEnd({ cursor: cursorAfter(rest), exclude_self: true });

    expect(first).toEqual(answer([upsert(a)], true, 1));
    expect(pagesOf(rest)).toEqual([
      [[], true],
      [[upsert(renamed)], true],
      [[deletion(tenant.namespace, b)], false],
    ]);
    expect(pagesOf(later)).toEqual([[[], false]]);
  });

  test('an own change that was made while the first reading ran is not left out, however late it is numbered', async () => {
    const { client, cursor, tenant } = await newFollower();
    const mine = await client.create('Mine');
    await tenant.untilNumbered();
    const values = openChangeCursor(cursor, tenant.namespace, secrets);
    const read = async (beganAt: number, completedAt: number) => {
      const completed = sealChangeCursor({ ...values, beganAt, completedAt }, tenant.namespace, secrets);
      return pagesOf(await client.readToEnd({ cursor: completed, exclude_self: true }));
    };

    const madeAt = Date.parse(mine.createdAt);
    expect(await read(madeAt, madeAt)).toEqual([[[upsert(mine)], false]]);
    expect(await read(madeAt - 1, madeAt - 1)).toEqual([[[], false]]);
    expect(await read(madeAt + 1, madeAt + 1)).toEqual([[[], false]]);
  });

  test('per_page and exclude_self may differ between the requests of one reading', async () => {
    const { client, cursor, tenant } = await newFollower();
    const other = await tenant.newClient();
    const rows: ChannelChange[] = [];
    for (const [index, writer] of [client, other, client, other, client].entries())
      rows.push(upsert(await writer.create(`${index}`)));
    await tenant.untilNumbered();
    const [, foreign, mine, alsoForeign, alsoMine] = rows;

    const first = await client.request({ cursor, per_page: 2, exclude_self: true });
    const second = await client.request({ cursor: first.body.pagination.next_cursor, per_page: 1 });
    const third = await client.readToEnd({ cursor: second.body.pagination.next_cursor, exclude_self: false });

    expect([first, second]).toEqual([
      answer([foreign as ChannelChange], true, 2),
      answer([mine as ChannelChange], true, 1),
    ]);
    expect(pagesOf(third)).toEqual([[[alsoForeign, alsoMine], false]]);
  });
});

describe('a cursor that has expired is 410', () => {
  const expired = failure(
    410,
    'cursor_expired',
    'The cursor has expired: read again without a cursor until has_more is false, then drop every channel that this did not bring.',
  );
  const newCursor = async (changes: Partial<ChangeCursor>) => {
    const { client, cursor, tenant } = await newFollower();
    const values = openChangeCursor(cursor, tenant.namespace, secrets);
    const changed = sealChangeCursor({ ...values, ...changes }, tenant.namespace, secrets);
    return { client, cursor: changed, tenant };
  };

  test.each([
    'channels',
    'log',
  ] as const)('if its time is 90 days ago, but not a day earlier, in the phase %s', async (phase) => {
    const old = await newCursor({ phase, time: Date.now() - 90 * dayMs - 1 });
    expect(await old.client.request({ cursor: old.cursor })).toEqual(expired);

    const young = await newCursor({ phase, time: Date.now() - 89 * dayMs });
    expect((await young.client.request({ cursor: young.cursor })).status).toBe(200);
  });

  test('if the change log has fewer entries than it knows', async () => {
    const { client, cursor } = await newCursor({ number: 1 });

    expect(await client.request({ cursor })).toEqual(expired);
  });

  test.each([
    'channels',
    'log',
  ] as const)('if a new generation of the change log has begun, in the phase %s', async (phase) => {
    const { client, cursor, tenant } = await newCursor({ phase });
    await beginGeneration(service.projections, tenant.namespace);

    expect(await client.request({ cursor })).toEqual(expired);
    const created = await client.create('After');
    await tenant.untilNumbered();
    expect(rowsOf(await client.readToEnd())).toContainEqual(upsert(created));
  });

  test('if its secret has been rotated out', async () => {
    const { client, cursor: followed, tenant } = await newFollower();
    const values = openChangeCursor(followed, tenant.namespace, secrets);
    const cursor = sealChangeCursor(values, tenant.namespace, { current: 'ee'.repeat(32) });

    expect(await client.request({ cursor })).toEqual(expired);
  });

  test('a reader that comes back every 89 days keeps its place, because each answer at the end renews its cursor', async () => {
    const { client, cursor, tenant } = await newFollower();
    const before = Date.now();
    const { body } = await client.request({ cursor });

    const { time } = openChangeCursor(body.pagination.next_cursor, tenant.namespace, secrets);
    expect(time).toBeGreaterThanOrEqual(before);
  });
});

describe('a request is refused', () => {
  const wrongQuery = { per_page: 0, cursor: 'wrong' };

  test('in this order: the key, its scope, the query, the cursor', async () => {
    const { newClient } = newTenant();
    const client = await newClient();
    const writer = await newClient(['channels:write']);

    const replies = [
      await requestChanges(service, wrongQuery),
      await requestChanges(service, wrongQuery, { key: writer.key }),
      await client.request(wrongQuery),
      await client.request({ cursor: 'wrong' }),
    ];

    expect(replies).toEqual([
      failure(401, 'unauthenticated'),
      failure(403, 'forbidden', 'This API key lacks the scope "channels:read".'),
      failure(
        400,
        'invalid_request',
        'The query parameter "per_page" must be a whole number from 1 to 100, written in digits only.',
        [{ path: 'per_page', message: 'must be a whole number from 1 to 100, written in digits only' }],
      ),
      failure(
        400,
        'invalid_cursor',
        'The cursor is not valid: send the last next_cursor of this namespace, unchanged.',
      ),
    ]);
  });

  test('with the cursor of a list, and a list with the cursor of the changes', async () => {
    const { client, cursor } = await newFollower();
    for (const name of ['A', 'B']) await client.create(name);
    const list = await service.call('GET /client-channel?per_page=1', { key: client.key });
    const ofList = list.body.pagination.next_cursor;

    expect(await client.request({ cursor: ofList })).toEqual(failure(400, 'invalid_cursor'));
    expect(await service.call(`GET /client-channel?cursor=${cursor}`, { key: client.key })).toEqual(
      failure(400, 'invalid_cursor'),
    );
  });

  test('for a namespace that the key does not hold', async () => {
    const { client } = await newFollower();
    const headers = { 'x-company-namespace': `foreign-${randomUUID()}` };

    expect(await requestChanges(service, {}, { key: client.key, headers })).toEqual(
      failure(403, 'forbidden', 'This API key does not hold the namespace in "x-company-namespace".'),
    );
  });
});
