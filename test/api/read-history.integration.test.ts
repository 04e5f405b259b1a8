import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keys } from '../../lib/channels/keys.ts';
import { type ChannelKey, toVersionItem, type Version, versionsOf } from '../../lib/history/version-items.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { startStreamConsumers } from '../../local/start-stream-consumers.ts';
import { eventually } from '../support/eventually.ts';
import { aTime, failure, success } from '../support/matchers.ts';
import { randomFrom } from '../support/random.ts';
import { findWrongHistories, makeRandomChanges } from '../support/random-changes.ts';
import { readWholeHistory } from '../support/read-whole-history.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1', 'company2'] });
const startPublisher = () =>
  startStreamConsumers(
    streamConsumers.filter(({ name }) => name === 'publish-events'),
    { tableName: service.channels.name },
  );
let publisher: Awaited<ReturnType<typeof startPublisher>>;

beforeAll(async () => {
  publisher = await startPublisher();
});
afterAll(() => publisher.stop());

const noSuchChannel = failure(404, 'not_found', 'There is no such channel.');
const actor = () => service.key.split('_')[2] as string;
const inCompany2 = { 'x-company-namespace': 'company2' };

const create = async (fields: object = {}) =>
  (await service.call('POST /client-channel', { body: { name: 'Retail', ...fields } })).body.data;
const update = async ({ _id }: { _id: string }, body: object) =>
  (await service.call(`PUT /client-channel/${_id}`, { body })).body.data;
const remove = ({ _id }: { _id: string }) => service.call(`DELETE /client-channel/${_id}`);
const restore = async ({ _id }: { _id: string }) =>
  (await service.call(`POST /client-channel/${_id}/restore`)).body.data;
const history = ({ _id }: { _id: string }, query = '', headers: Record<string, string> = {}) =>
  service.call(`GET /client-channel/${_id}/history${query && `?${query}`}`, {
    headers: { 'accept-encoding': 'identity', ...headers },
  });
/** Waits until a channel has this many versions. */
const untilVersions = (channel: { _id: string }, count: number, headers = {}) =>
  eventually(async () => {
    const { body } = await history(channel, 'per_page=100', headers);
    expect(body.data).toHaveLength(count);
  });

/** A whole page. */
const page = (data: unknown[], pagination: object = { per_page: 25, has_more: false }) => {
  const { body, ...whole } = success(200, data);
  return { ...whole, body: { ...body, pagination } };
};
const version = (
  type: Version['type'],
  channel: { __v: number; updatedAt: string },
  changed: string[] = [],
) => ({
  version: channel.__v,
  at: channel.updatedAt,
  actor: actor(),
  type,
  changed,
  channel,
});
const deletionOf = (channel: { __v: number }) => ({
  version: channel.__v + 1,
  at: aTime,
  actor: actor(),
  type: 'deleted',
  changed: [],
  channel: null,
});

/** Writes versions as if `publish-events` had. @returns them, newest first */
const seedVersions = async (channel: ChannelKey, versions: Version[]): Promise<Version[]> => {
  await mapConcurrently(versions, 16, (each) => service.history.put({ Item: toVersionItem(channel, each) }));
  return versions.reverse();
};
/** Not in the past: DynamoDB Local removes versions whose time is over, at any moment. */
const startedAt = Date.now();
const numbered = (number: number, fields: object = {}): Version => {
  const at = new Date(startedAt + number).toISOString();
  const channel = {
    _id: '60f1b2b3c9e9a12345678901',
    name: `Version ${number}`,
    disabled: false,
    company_namespace: ['company1'],
    createdAt: at,
    updatedAt: at,
    __v: number,
    ...fields,
  };
  return { version: number, at, actor: 'key1', type: 'updated', changed: ['name'], channel };
};

describe('GET /client-channel/{id}/history', () => {
  test('shows who made each version, when and how, newest first, with the channel as it was', async () => {
    const created = await create({ integration_meta: { '': [1e21], 'a.b': {} } });
    const renamed = await update(created, { name: 'Wholesale', local_name: 'جملة' });
    const toggled = await update(created, { disabled: true, local_name: null });
    await remove(created);
    const restored = await restore(created);
    await untilVersions(created, 5);

    expect(await history(created)).toEqual(
      page([
        version('restored', restored),
        deletionOf(toggled),
        version('updated', toggled, ['local_name', 'disabled']),
        version('updated', renamed, ['name', 'local_name']),
        version('created', created),
      ]),
    );
    expect(restored.__v).toBe(4);
  });

  test('names the key that made each version', async () => {
    const other = await service.newKey({ namespaces: ['company1'] });
    const channel = await create();
    await service.call(`PUT /client-channel/${channel._id}`, { key: other, body: { name: 'x' } });
    await untilVersions(channel, 2);

    const { body } = await history(channel);
    expect(body.data.map((each: Version) => each.actor)).toEqual([other.split('_')[2], actor()]);
  });

  test('of a channel that joins, leaves and joins again has the versions of each namespace', async () => {
    const created = await create({ company_namespace: ['company1'] });
    const joined = await update(created, { company_namespace: ['company1', 'company2'] });
    const renamed = await update(created, { name: 'Both see it' });
    const left = await update(created, { company_namespace: ['company1'] });
    const alone = await update(created, { name: 'Only one sees it' });
    const back = await update(created, { company_namespace: ['company1', 'company2'] });
    await remove(created);
    const restored = await restore(created);
    await untilVersions(created, 8);
    await untilVersions(created, 6, inCompany2);

    expect(await history(created)).toEqual(
      page([
        version('restored', restored),
        deletionOf(back),
        version('updated', back, ['company_namespace']),
        version('updated', alone, ['name']),
        version('updated', left, ['company_namespace']),
        version('updated', renamed, ['name']),
        version('updated', joined, ['company_namespace']),
        version('created', created),
      ]),
    );
    expect(await history(created, '', inCompany2)).toEqual(
      page([
        version('restored', restored),
        deletionOf(back),
        version('created', back),
        { ...deletionOf(renamed), at: left.updatedAt },
        version('updated', renamed, ['name']),
        version('created', joined),
      ]),
    );
  });

  test('has no version for an update without a difference', async () => {
    const channel = await create();
    await update(channel, { name: 'Retail' });
    await update(channel, { name: 'New' });
    await untilVersions(channel, 2);
  });

  test('is read page by page, and versions that are made meanwhile do not move it', async () => {
    const channel = { namespace: 'company1', id: '60f1b2b3c9e9a1234567890a' };
    const versions = await seedVersions(
      channel,
      Array.from({ length: 7 }, (_, index) => numbered(index + 7)),
    );
    const first = await history({ _id: channel.id }, 'per_page=3');
    const next_cursor = expect.stringMatching(/^[\w-]+$/);
    expect(first).toEqual(page(versions.slice(0, 3), { per_page: 3, next_cursor, has_more: true }));

    await seedVersions(channel, [numbered(14)]);
    const { next_cursor: second } = first.body.pagination;
    const next = await history({ _id: channel.id.toUpperCase() }, `cursor=${second}&per_page=2`);
    expect(next).toEqual(page(versions.slice(3, 5), { per_page: 2, next_cursor, has_more: true }));
    const last = await history({ _id: channel.id }, `cursor=${next.body.pagination.next_cursor}&per_page=2`);
    expect(last).toEqual(page(versions.slice(5), { per_page: 2, has_more: false }));
  });

  test('has 25 versions on a page by default, and no next page after exactly so many', async () => {
    const channel = { namespace: 'company1', id: '60f1b2b3c9e9a1234567890b' };
    const versions = await seedVersions(
      channel,
      Array.from({ length: 25 }, (_, index) => numbered(index)),
    );
    expect(await history({ _id: channel.id })).toEqual(page(versions));

    const [newest] = await seedVersions(channel, [numbered(25)]);
    const next_cursor = expect.any(String);
    expect(await history({ _id: channel.id })).toEqual(
      page([newest, ...versions.slice(0, 24)], { per_page: 25, next_cursor, has_more: true }),
    );
  });

  test('ends a page before 5 MiB, as the response is encoded, and the pages have every version', async () => {
    const channel = { namespace: 'company1', id: '60f1b2b3c9e9a1234567890c' };
    // Encoded as JSON twice, each of these characters takes two or four bytes.
    const text = '"\\'.repeat(16 * 1024);
    const versions = await seedVersions(
      channel,
      Array.from({ length: 90 }, (_, index) => numbered(index, { integration_meta: { text } })),
    );
    const first = await history({ _id: channel.id }, 'per_page=100');

    const bytes = Buffer.byteLength(JSON.stringify(JSON.stringify(first.body)));
    const bytesOfVersion = Buffer.byteLength(JSON.stringify(JSON.stringify(versions[0])));
    expect(bytes).toBeLessThan(5 * 1024 * 1024 + 1_000);
    expect(bytes).toBeGreaterThan(5 * 1024 * 1024 - 2 * bytesOfVersion);
    expect(first.body.pagination.has_more).toBe(true);
    const all = await readWholeHistory(service, channel, { key: service.key, perPage: 100 });
    expect(all).toEqual(versions);
  });

  test('is empty if the channel or its deletion is known, but no version is kept', async () => {
    const channel = await create();
    const forget = async () => {
      const { items } = await service.history.query(
        versionsOf({ namespace: 'company1', id: channel._id }, undefined),
      );
      for (const { pk, sk } of items)
        await service.history.delete({ Key: { pk, sk } as Record<string, string> });
    };
    await untilVersions(channel, 1);
    await forget();
    expect(await history(channel)).toEqual(page([]));

    await remove(channel);
    await untilVersions(channel, 1);
    await forget();
    expect(await history(channel)).toEqual(page([]));
  });

  test('has the versions of a deleted channel, also when its tombstone is gone', async () => {
    const created = await create();
    await remove(created);
    await untilVersions(created, 2);
    await service.channels.delete({ Key: keys.tombstone('company1', created._id) });

    expect(await history(created)).toEqual(page([deletionOf(created), version('created', created)]));
    expect(await service.call(`POST /client-channel/${created._id}/restore`)).toEqual(noSuchChannel);
  });

  test.each(['60f1b2b3c9e9a12345670000', 'malformed', '%00'])('is 404 for the id %s', async (_id) => {
    expect(await history({ _id })).toEqual(noSuchChannel);
  });

  test('is 404 in a namespace that never had the channel', async () => {
    const channel = await create({ company_namespace: ['company1'] });
    await untilVersions(channel, 1);
    expect(await history(channel, '', inCompany2)).toEqual(noSuchChannel);
  });

  test('refuses the cursor of another channel, of another namespace, and one that was changed', async () => {
    const [one, other] = ['60f1b2b3c9e9a1234567891a', '60f1b2b3c9e9a1234567891b'];
    const versions = () => [numbered(0), numbered(1)];
    for (const namespace of ['company1', 'company2']) {
      await seedVersions({ namespace, id: one }, versions());
      await seedVersions({ namespace, id: other }, versions());
    }
    const cursor: string = (await history({ _id: one }, 'per_page=1')).body.pagination.next_cursor;
    const middle = cursor.length >> 1;
    const changed = cursor.slice(0, middle) + (cursor[middle] === 'A' ? 'B' : 'A') + cursor.slice(middle + 1);
    const invalid = failure(400, 'invalid_cursor');

    expect((await history({ _id: one }, `cursor=${cursor}`)).status).toBe(200);
    expect(await history({ _id: other }, `cursor=${cursor}`)).toEqual(invalid);
    expect(await history({ _id: one }, `cursor=${cursor}`, inCompany2)).toEqual(invalid);
    expect(await history({ _id: one }, `cursor=${changed}`)).toEqual(invalid);
    expect(await service.call(`GET /client-channel?cursor=${cursor}`)).toEqual(invalid);
    expect(await service.call(`GET /client-channel/changes?cursor=${cursor}`)).toEqual(invalid);
  });

  test('is refused for the first reason in the order of the contract', async () => {
    const writer = await service.newKey({ namespaces: ['company1'], scopes: ['channels:write'] });
    const route = 'GET /client-channel/malformed/history';
    expect(await service.call(`${route}?x=1`, { key: 'x' })).toEqual(failure(401, 'unauthenticated'));
    expect(await service.call(`${route}?x=1`, { key: writer })).toEqual(failure(403, 'forbidden'));
    expect(await service.call(`${route}?x=1`)).toEqual(failure(400, 'invalid_request'));
    expect(await service.call(`${route}?cursor=x`)).toEqual(failure(400, 'invalid_cursor'));
    expect(await service.call(route)).toEqual(noSuchChannel);
  });
});

test('after 200 random changes of shared channels, the history of each namespace has every document that the channel had there, although the publisher was stopped and its records came again', async () => {
  const seed = Number(process.env.HISTORY_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const namespaces = ['north', 'south', 'west'];
  const key = await service.newKey({ namespaces });
  const change = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, series) =>
        makeRandomChanges(service.channels, namespaces, 25, randomFrom(seed + from + series)),
      ),
    );
  const before = await change(0, 4);
  await publisher.stop();
  const meanwhile = await change(4, 8);
  // It begins at the oldest record again.
  publisher = await startPublisher();

  const expected = [...before, ...meanwhile].flat();
  const read = (channel: ChannelKey) => readWholeHistory(service, channel, { key, perPage: 4 });
  await eventually(async () =>
    expect({ seed, wrong: await findWrongHistories(expected, read) }).toEqual({ seed, wrong: [] }),
  );
  const types = new Set(expected.map(({ type }) => type));
  expect([...types].sort()).toEqual(['created', 'deleted', 'restored', 'updated']);
});
