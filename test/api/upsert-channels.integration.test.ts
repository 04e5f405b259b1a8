import { describe, expect, it } from '@jest/globals';
import { externalKeyItemKey, externalKeyOf } from '../../lib/channels/external-keys.ts';
import { toItem } from '../../lib/channels/items.ts';
import { rebuildExternalKeys } from '../../lib/reindex/rebuild-external-keys.ts';
import { anId, aTime } from '../support/matchers.ts';
import { channelOf, idAt, seedChannels, seededAt } from '../support/seed.ts';
import type { Call } from '../support/service.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['company1', 'company2'] });

const upsert = async (body: Record<string, unknown>) => {
  const { status, body: answer } = await service.call('POST /client-channel/upsert', { body });
  return { status, ...answer };
};
const rowsOf = async (channels: unknown[], options: Record<string, unknown> = {}) =>
  (await upsert({ channels, ...options })).data;
const create = async (body: Record<string, unknown>) =>
  (await service.call('POST /client-channel', { body })).body.data;
const read = async (id: string) => (await service.call(`GET /client-channel/${id}`)).body.data;
const namesFor = async (externalId: string) =>
  (await service.call(`GET /client-channel?integration_meta.external_id=${externalId}`)).body.data.map(
    ({ name }: { name: string }) => name,
  );

let keys = 0;
const newKey = () => `key-${keys++}`;
const meta = (external_id: unknown, others = {}) => ({ integration_meta: { external_id, ...others } });

describe('a row whose key no channel carries', () => {
  it('creates the channel', async () => {
    const key = newKey();

    const answer = await upsert({ channels: [{ name: 'Retail', ...meta(key) }] });

    const channel = {
      _id: anId,
      name: 'Retail',
      disabled: false,
      ...meta(key),
      company_namespace: ['company1'],
      createdAt: aTime,
      updatedAt: aTime,
      __v: 0,
    };
    const { _id } = answer.data[0];
    expect(answer).toEqual({
      status: 200,
      success: true,
      data: [{ index: 0, result: 'created', _id, __v: 0, channel }],
      summary: { created: 1, updated: 0, unchanged: 0, deleted: 0, failed: 0 },
    });
    expect(await read(_id)).toEqual(answer.data[0].channel);
  });

  it('fails without a name', async () => {
    expect(await rowsOf([meta(newKey())])).toEqual([
      {
        index: 0,
        result: 'failed',
        code: 'invalid_request',
        error: 'The field "name" is required, because no channel carries this key yet.',
        details: [{ path: 'name', message: 'is required, because no channel carries this key yet' }],
      },
    ]);
  });

  it('deletes nothing', async () => {
    expect(await rowsOf([{ delete: true, ...meta(newKey()) }])).toEqual([{ index: 0, result: 'unchanged' }]);
  });
});

describe('a row whose key a channel carries', () => {
  it('changes the fields that it has, and keeps all others', async () => {
    const key = newKey();
    const before = await create({ name: 'Old', local_name: 'قديم', ...meta(key, { a: 1, b: 2, c: 3 }) });

    const [row] = await rowsOf([{ disabled: true, ...meta(key, { a: null, b: { x: 1 } }) }]);

    const channel = {
      ...before,
      disabled: true,
      ...meta(key, { b: { x: 1 }, c: 3 }),
      updatedAt: aTime,
      __v: 1,
    };
    expect(row).toEqual({
      index: 0,
      result: 'updated',
      _id: before._id,
      __v: 1,
      channel,
      changed: ['disabled', 'integration_meta'],
    });
    expect(await read(before._id)).toEqual(row.channel);
  });

  it('writes nothing if nothing changes', async () => {
    const key = newKey();
    const before = await create({ name: 'Same', ...meta(key) });

    expect(await rowsOf([{ name: 'Same', ...meta(key) }])).toEqual([
      { index: 0, result: 'unchanged', _id: before._id, __v: 0, channel: before },
    ]);
    expect(await read(before._id)).toEqual(before);
  });

  it('compares keys as text', async () => {
    const before = await create({ name: 'Seven', ...meta(770077) });

    const [row] = await rowsOf([{ name: 'Seven', ...meta('770077') }]);

    expect(row).toMatchObject({ result: 'updated', _id: before._id, changed: ['integration_meta'] });
  });

  it('removes the local name with null, and keeps what null cannot remove', async () => {
    const key = newKey();
    const before = await create({ name: 'x', local_name: 'y', disabled: true, ...meta(key) });

    const [row] = await rowsOf([{ local_name: null, disabled: null, company_namespace: null, ...meta(key) }]);

    const { local_name, ...others } = before;
    expect(row.channel).toEqual({ ...others, updatedAt: aTime, __v: 1 });
    expect(row.changed).toEqual(['local_name']);
  });

  it('deletes the channel', async () => {
    const key = newKey();
    const before = await create({ name: 'Going', ...meta(key) });

    expect(await rowsOf([{ delete: true, ...meta(key) }])).toEqual([
      { index: 0, result: 'deleted', _id: before._id, __v: 1, channel: before },
    ]);
    expect(await namesFor(key)).toEqual([]);
  });

  it('matches by integration_meta.id if the request says so', async () => {
    const before = await create({ name: 'By id', integration_meta: { id: 'own-id' } });

    const [row] = await rowsOf([{ name: 'New', integration_meta: { id: 'own-id' } }], {
      match: 'integration_meta.id',
    });

    expect(row).toMatchObject({ result: 'updated', _id: before._id, changed: ['name'] });
  });

  it('fails if several channels carry it, and names them', async () => {
    const key = newKey();
    const ids = [await create({ name: 'a', ...meta(key) }), await create({ name: 'b', ...meta(key) })].map(
      ({ _id }) => _id,
    );

    expect(await rowsOf([{ name: 'c', ...meta(key) }])).toEqual([
      {
        index: 0,
        result: 'failed',
        code: 'ambiguous_match',
        error: `More than one channel carries this key, for example ${ids.join(', ')}. Change the key of all but one with PATCH, or delete them by their ids.`,
      },
    ]);
  });
});

describe('the rows of a request', () => {
  it('fail alone, and their results come in their order', async () => {
    const [first, second] = [newKey(), newKey()];

    const answer = await upsert({
      channels: [
        { name: 'First', ...meta(first) },
        'no object',
        { name: 'First again', ...meta(first) },
        { name: '', ...meta(second), unknown: 1 },
        { name: 'No key', integration_meta: {} },
        { name: 'Blank key', ...meta('\u200b ') },
        { name: 'Foreign', ...meta(newKey()), company_namespace: ['company1', 'foreign'] },
        { name: 'Elsewhere', ...meta(newKey()), company_namespace: ['company2'] },
        { delete: true, name: 'x', ...meta(newKey()) },
        { delete: false, ...meta(newKey()) },
        { name: 'The key of a wrong row', ...meta(second) },
        { delete: true, ...meta(first) },
        { name: 'Last', ...meta(newKey()) },
      ],
    });

    expect(
      answer.data.map(({ index, result, code }: Record<string, unknown>) => [index, result, code]),
    ).toEqual([
      [0, 'created', undefined],
      [1, 'failed', 'invalid_request'],
      [2, 'failed', 'duplicate_in_request'],
      [3, 'failed', 'invalid_request'],
      [4, 'failed', 'invalid_request'],
      [5, 'failed', 'invalid_request'],
      [6, 'failed', 'forbidden'],
      [7, 'failed', 'invalid_request'],
      [8, 'failed', 'invalid_request'],
      [9, 'failed', 'invalid_request'],
      [10, 'failed', 'duplicate_in_request'],
      [11, 'failed', 'duplicate_in_request'],
      [12, 'created', undefined],
    ]);
    expect(answer.summary).toEqual({ created: 2, updated: 0, unchanged: 0, deleted: 0, failed: 11 });
  });
});

describe('a dry run', () => {
  it('gives the same rows, and writes nothing', async () => {
    const [absent, changed, same, gone] = [newKey(), newKey(), newKey(), newKey()];
    const stored = [
      await create({ name: 'Changed', ...meta(changed) }),
      await create({ name: 'Same', ...meta(same) }),
      await create({ name: 'Gone', ...meta(gone) }),
    ];

    const [created, updated, unchanged, deleted] = await rowsOf(
      [
        { name: 'New', ...meta(absent) },
        { name: 'Changed now', ...meta(changed) },
        { name: 'Same', ...meta(same) },
        { delete: true, ...meta(gone) },
      ],
      { dry_run: true },
    );

    expect(created).toEqual({
      index: 0,
      result: 'created',
      channel: { name: 'New', disabled: false, ...meta(absent), company_namespace: ['company1'] },
    });
    expect(updated).toEqual({
      index: 1,
      result: 'updated',
      _id: stored[0]._id,
      __v: 1,
      channel: { ...stored[0], name: 'Changed now', updatedAt: aTime, __v: 1 },
      previous: stored[0],
      changed: ['name'],
    });
    expect(unchanged).toEqual({
      index: 2,
      result: 'unchanged',
      _id: stored[1]._id,
      __v: 0,
      channel: stored[1],
    });
    expect(deleted).toEqual({ index: 3, result: 'deleted', _id: stored[2]._id, __v: 1, channel: stored[2] });
    expect(await Promise.all(stored.map(({ _id }) => read(_id)))).toEqual(stored);
    expect(await namesFor(absent)).toEqual([]);
  });
});

describe('where', () => {
  const where = { 'integration_meta.source': 'sap' };
  const outside = (value: string) => ({
    index: 0,
    result: 'failed',
    code: 'outside_where',
    error: `${value} at the path that "where" names.`,
  });

  it('is set in a channel that is created', async () => {
    const key = newKey();
    const [row] = await rowsOf([{ name: 'x', ...meta(key) }], { where });
    expect(row.channel.integration_meta).toEqual({ external_id: key, source: 'sap' });
  });

  it('refuses to create a channel with another value', async () => {
    expect(await rowsOf([{ name: 'x', ...meta(newKey(), { source: 'oracle' }) }], { where })).toEqual([
      outside('The row has another value'),
    ]);
  });

  it('refuses to change or delete a channel outside of it', async () => {
    const key = newKey();
    const before = await create({ name: 'x', ...meta(key, { source: 'oracle' }) });

    for (const row of [
      { name: 'y', ...meta(key, { source: 'sap' }) },
      { delete: true, ...meta(key) },
    ])
      expect(await rowsOf([row], { where })).toEqual([
        outside('All sources share one set of keys: the channel with this key has another value, or none,'),
      ]);
    expect(await read(before._id)).toEqual(before);
  });

  it('selects the channels that a deletion may take, and the row may repeat the value', async () => {
    const key = newKey();
    const before = await create({ name: 'x', ...meta(key, { source: 'sap' }) });
    const row = { delete: true, ...meta(key, { source: 'sap' }) };

    expect(await rowsOf([row])).toMatchObject([{ result: 'failed', code: 'invalid_request' }]);
    expect(await read(before._id)).toEqual(before);
    expect(await rowsOf([row], { where })).toMatchObject([{ result: 'deleted', _id: before._id }]);
  });

  it.each([
    ['change', 'oracle'],
    ['removal', null],
  ])('refuses the %s of the value', async (_, source) => {
    const key = newKey();
    const before = await create({ name: 'x', ...meta(key, { source: 'sap' }) });

    expect(await rowsOf([{ name: 'y', ...meta(key, { source }) }], { where })).toEqual([
      outside('The row would change the value'),
    ]);
    expect(await read(before._id)).toEqual(before);
  });
});

describe('a request', () => {
  const row = { name: 'x', ...meta('never-created') };

  it.each<[string, number, string, Partial<Call>]>([
    ['an empty array of rows', 400, 'invalid_request', { body: { channels: [] } }],
    ['101 rows', 400, 'invalid_request', { body: { channels: Array(101).fill(row) } }],
    ['an unknown field', 400, 'invalid_request', { body: { channels: [row], dryRun: true } }],
    ['a body that is no object', 400, 'invalid_request', { body: [row] }],
    ['no body', 400, 'invalid_json', { body: '' }],
    ['another content type', 415, 'unsupported_media_type', { headers: { 'content-type': 'text/plain' } }],
    ['an unknown namespace', 403, 'forbidden', { headers: { 'x-company-namespace': 'foreign' } }],
    ['more than 2 MiB', 413, 'payload_too_large', { body: `{"x":"${'x'.repeat(2 ** 21)}"}` }],
  ])('with %s is refused as a whole', async (_, status, code, call) => {
    const reply = await service.call('POST /client-channel/upsert', { body: { channels: [row] }, ...call });

    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(await namesFor('never-created')).toEqual([]);
  });

  it('takes no query parameters, and needs the scope to write', async () => {
    const reader = await service.newKey({ namespaces: ['company1'], scopes: ['channels:read'] });
    const body = { channels: [row] };

    expect((await service.call('POST /client-channel/upsert?dry_run=true', { body })).status).toBe(400);
    expect((await service.call('POST /client-channel/upsert', { key: reader, body })).status).toBe(403);
    expect(await namesFor('never-created')).toEqual([]);
  });

  it('may have almost 2 MiB', async () => {
    const filler = { filler: 'x'.repeat(20_000) };
    const channels = Array.from({ length: 100 }, () => ({ name: 'x', ...meta(newKey(), filler) }));

    expect((await upsert({ channels })).summary).toMatchObject({ created: 100 });
  });

  it.each(['', '__proto__', 'constructor', 'a.b'])('keeps the metadata key "%s" as it is', async (key) => {
    const integration_meta = JSON.parse(`{"external_id":"${newKey()}","${key}":{"x":1}}`);

    const [created] = await rowsOf([{ name: 'x', integration_meta }]);
    const [updated] = await rowsOf([{ integration_meta: { ...integration_meta, added: 1 } }]);

    expect(created.channel.integration_meta).toEqual(integration_meta);
    expect(Object.keys(updated.channel.integration_meta)).toContain(key);
  });
});

describe('the size of the results', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => index);
  /** Channels of about 60 KiB: 100 of them are more than one response holds. */
  const seedLarge = (prefix: string) => {
    const filler = 'x'.repeat(60_000);
    return seedChannels(
      service,
      names(100).map((index) =>
        channelOf(index, {
          _id: idAt(seededAt, 5_000 + ++keys * 1_000 + index),
          integration_meta: JSON.stringify({ external_id: `${prefix}-${index}`, filler }),
        }),
      ),
    );
  };

  it('stays below 5 MiB: the channels of the last rows are left out', async () => {
    const stored = await seedLarge('large');
    // Rows that change nothing also return their channels. 100 changes of 60 KB take seconds on a busy machine.
    const channels = names(100).map((index) => meta(`large-${index}`));

    const reply = await service.call('POST /client-channel/upsert', { body: { channels } });

    const { data, summary } = reply.body;
    expect(summary).toMatchObject({ unchanged: 100 });
    expect(Buffer.byteLength(JSON.stringify(reply.body))).toBeLessThan(5.5 * 2 ** 20);
    const withChannel = data.filter(({ channel }: { channel?: object }) => channel).length;
    expect(withChannel).toBeGreaterThan(80);
    expect(data[withChannel - 1].channel._id).toBe(stored[withChannel - 1]?._id);
    expect(data.slice(withChannel)).toEqual(
      stored.slice(withChannel).map(({ _id }, index) => ({
        index: withChannel + index,
        result: 'unchanged',
        _id,
        __v: 0,
      })),
    );
    expect(withChannel).toBeLessThan(100);
  });

  it('stays below it in a dry run, too, which shows each channel twice', async () => {
    const stored = await seedLarge('dry');
    const channels = names(100).map((index) => ({ name: 'New', ...meta(`dry-${index}`) }));

    const { data } = await upsert({ channels, dry_run: true });

    const withChannel = data.filter(({ channel }: { channel?: object }) => channel).length;
    expect(withChannel).toBeGreaterThan(40);
    expect(withChannel).toBeLessThan(45);
    expect(data.filter(({ previous }: { previous?: object }) => previous)).toHaveLength(withChannel);
    const { _id } = stored[99] as { _id: string };
    expect(data[99]).toEqual({ index: 99, result: 'updated', _id, __v: 1, changed: ['name'] });
  });

  it('fails a row whose merged metadata is larger than 64 KiB, also in a dry run', async () => {
    const key = newKey();
    const before = await create({ name: 'x', ...meta(key, { old: 'x'.repeat(40_000) }) });
    const message = 'is larger than 64 KiB after the merge';

    for (const dry_run of [false, true])
      expect(await rowsOf([meta(key, { added: 'x'.repeat(30_000) })], { dry_run })).toEqual([
        {
          index: 0,
          result: 'failed',
          code: 'invalid_request',
          error: `The field "integration_meta" ${message}.`,
          details: [{ path: 'integration_meta', message }],
        },
      ]);
    expect(await read(before._id)).toEqual(before);
  });
});

describe('a key that many channels carry', () => {
  /** Stores so many channels with the same key as the service would, but faster. */
  const seedCarriers = async (namespace: string, count: number) => {
    const integration_meta = JSON.stringify({ external_id: 'crowded' });
    const carriers = Array.from({ length: count }, (_, index) =>
      channelOf(index, { company_namespace: [namespace], integration_meta }),
    );
    for (let start = 0; start < count; start += 100)
      await service.channels.transact(() =>
        carriers.slice(start, start + 100).map((channel) => ({ Put: { Item: toItem(namespace, channel) } })),
      );
    const ids = new Set(carriers.slice(0, 20).map(({ _id }) => _id));
    const itemKey = externalKeyItemKey(namespace, externalKeyOf('external_id', 'crowded') as string);
    await service.channels.put({ Item: { ...itemKey, n: count, ids, token: 'seeded' } });
    const key = await service.newKey({ namespaces: [namespace] });
    return async (row: object) =>
      (await service.call('POST /client-channel/upsert', { key, body: { channels: [row] } })).body.data[0];
  };

  it.each([20, 21, 5_000])('is ambiguous if they are %d, before and after reindexing', async (count) => {
    const namespace = `crowd${count}`;
    const send = await seedCarriers(namespace, count);

    for (const step of [() => undefined, () => rebuildExternalKeys(service.channels, namespace)]) {
      await step();
      for (const row of [
        { name: 'x', ...meta('crowded') },
        { delete: true, ...meta('crowded') },
      ]) {
        const { result, code, error } = await send(row);
        const ids = new Set(error.match(/[0-9a-f]{24}/g));
        expect([result, code, ids.size]).toEqual(['failed', 'ambiguous_match', 10]);
      }
    }
  });

  it('matches the last of 21 channels once the others are deleted, before and after reindexing', async () => {
    const namespace = 'crowdgone';
    const send = await seedCarriers(namespace, 21);
    const key = await service.newKey({ namespaces: [namespace] });
    const ids = Array.from({ length: 21 }, (_, index) => channelOf(index)._id);
    const last = ids.pop() as string;
    for (const id of ids) await service.call(`DELETE /client-channel/${id}`, { key });

    expect(await send({ name: 'Last', ...meta('crowded') })).toMatchObject({ result: 'updated', _id: last });
    await rebuildExternalKeys(service.channels, namespace);
    expect(await send({ name: 'Last', ...meta('crowded') })).toMatchObject({
      result: 'unchanged',
      _id: last,
    });
  });
});

describe('the namespaces of a row', () => {
  it('are those of the channel that it creates or changes, and must be those of the key', async () => {
    const [key, other] = [newKey(), newKey()];
    const both = ['company1', 'company2'];

    const [created] = await rowsOf([{ name: 'x', company_namespace: both, ...meta(key) }]);
    expect(created.channel.company_namespace).toEqual(both);
    const [left] = await rowsOf([{ company_namespace: ['company1'], ...meta(key) }]);
    expect(left).toMatchObject({ result: 'updated', changed: ['company_namespace'], __v: 1 });

    for (const dry_run of [false, true]) {
      const foreign = [...both, 'foreign'];
      const rows = await rowsOf(
        [key, other].map((each) => ({ name: 'x', company_namespace: foreign, ...meta(each) })),
        { dry_run },
      );
      const message = '"foreign" is not yours';
      expect(rows).toEqual(
        [0, 1].map((index) => ({
          index,
          result: 'failed',
          code: 'forbidden',
          error: 'This API key does not hold the namespace "foreign".',
          details: [{ path: 'company_namespace', message }],
        })),
      );
    }
    expect(await namesFor(other)).toEqual([]);
  });

  it('fail a move that needs more than 100 items, also in a dry run', async () => {
    const namespaces = Array.from({ length: 19 }, (_, index) => `move${index}`);
    const key = await service.newKey({ namespaces });
    const send = async (body: object) =>
      (await service.call('POST /client-channel/upsert', { key, body })).body.data[0];
    const from = namespaces.slice(0, 10);
    const to = [namespaces[0], ...namespaces.slice(10)];
    const integration_meta = { external_id: 'mover', id: 'mover' };
    const { _id } = await send({ channels: [{ name: 'x', company_namespace: from, integration_meta }] });
    const row = { company_namespace: to, integration_meta };

    const results = [await send({ channels: [row], dry_run: true }), await send({ channels: [row] })];

    const message = 'moves the channel between too many namespaces at once: move it in two updates';
    const failed = {
      index: 0,
      result: 'failed',
      code: 'invalid_request',
      error: `This update ${message}.`,
      details: [{ path: 'company_namespace', message }],
    };
    expect(results).toEqual([failed, failed]);
    const stored = await service.call(`GET /client-channel/${_id}`, { key });
    expect(stored.body.data).toMatchObject({ company_namespace: from, __v: 0 });
  });
});

describe('two tenants', () => {
  it('use one key for channels of their own', async () => {
    const foreignKey = await service.newKey({ namespaces: ['company3'] });
    const foreign = async (rows: object[], options = {}) =>
      (
        await service.call('POST /client-channel/upsert', {
          key: foreignKey,
          body: { channels: rows, ...options },
        })
      ).body.data;
    const key = newKey();
    const [own] = await rowsOf([{ name: 'Own', ...meta(key) }]);

    expect(await foreign([{ delete: true, ...meta(key) }])).toEqual([{ index: 0, result: 'unchanged' }]);
    const [theirs] = await foreign([{ name: 'Theirs', ...meta(key) }]);

    expect(theirs).toMatchObject({ result: 'created', channel: { company_namespace: ['company3'] } });
    expect(theirs._id).not.toBe(own._id);
    expect(await foreign([{ delete: true, ...meta(key) }])).toMatchObject([
      { result: 'deleted', _id: theirs._id },
    ]);
    expect(await read(own._id)).toEqual(own.channel);
  });

  it('share a channel: both match it, and only the one that holds all its namespaces can delete it', async () => {
    const key = newKey();
    const shared = ['company1', 'company4'];
    const owner = await service.newKey({ namespaces: shared });
    const partner = await service.newKey({ namespaces: ['company4'] });
    const send = async (apiKey: string, row: object) =>
      (await service.call('POST /client-channel/upsert', { key: apiKey, body: { channels: [row] } })).body
        .data[0];
    const created = await send(owner, { name: 'Shared', company_namespace: shared, ...meta(key) });
    const { _id } = created;

    const changed = await send(partner, { disabled: true, ...meta(key, { partner: 1 }) });
    expect(changed).toMatchObject({ result: 'updated', _id, changed: ['disabled', 'integration_meta'] });
    expect(await send(service.key, { disabled: true, ...meta(key) })).toMatchObject({
      result: 'unchanged',
      _id,
    });
    const taken = await send(partner, { company_namespace: ['company4'], ...meta(key) });
    expect(taken).toMatchObject({ result: 'failed', code: 'forbidden' });
    expect(await send(partner, { delete: true, ...meta(key) })).toEqual({
      index: 0,
      result: 'failed',
      code: 'forbidden',
      error: 'This API key does not hold the namespace "company1".',
      details: [{ path: 'company_namespace', message: '"company1" is not yours' }],
    });
    expect(await read(_id)).toEqual(changed.channel);
    expect(await send(owner, { delete: true, ...meta(key) })).toMatchObject({
      result: 'deleted',
      _id,
      __v: 2,
    });
    expect(await send(partner, { delete: true, ...meta(key) })).toEqual({ index: 0, result: 'unchanged' });
  });
});
