import { describe, expect, test } from '@jest/globals';
import type { Caller } from '../../lib/auth/authenticate.ts';
import { toDocument } from '../../lib/channels/channel.ts';
import { keys } from '../../lib/channels/keys.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { restoreChannel } from '../../lib/channels/restore-channel.ts';
import { deleteChannel } from '../../lib/channels/store.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { lastEventOf } from '../../lib/events/to-event.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { useClocks, withClock } from '../support/clocks.ts';
import { eventually } from '../support/eventually.ts';
import { aTime, failure, success } from '../support/matchers.ts';
import { type Call, interceptCalls, reindex } from '../support/projections.ts';
import { channelOf } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';
import { findWrongExternalKeys } from '../support/whole-partitions.ts';

const service = useService({ namespaces: ['company1', 'company2'], consumers: ['publish-events'] });

const hour = 60 * 60 * 1000;
const day = 24 * hour;
const noSuchChannel = failure(404, 'not_found', 'There is no such channel.');

const create = async (fields: object = {}, key = service.key) =>
  (await service.call('POST /client-channel', { key, body: { name: 'Retail', ...fields } })).body.data;
const update = async ({ _id }: { _id: string }, body: object) =>
  (await service.call(`PUT /client-channel/${_id}`, { body })).body.data;
const remove = async ({ _id }: { _id: string }, key = service.key) =>
  (await service.call(`DELETE /client-channel/${_id}`, { key })).body.data;
/** A channel that was deleted: as it last was. */
const createDeleted = async (fields: object = {}, key = service.key) =>
  remove(await create(fields, key), key);
const restore = (id: string, call: object = {}) => service.call(`POST /client-channel/${id}/restore`, call);
const get = (id: string, headers = {}) => service.call(`GET /client-channel/${id}`, { headers });
const list = async (query: string, call: object = {}) =>
  (await service.call(`GET /client-channel?${query}`, call)).body;

/** The answer to a restore of a channel that was deleted as this document. */
const restored = (document: { __v: number }) => {
  const __v = document.__v + 2;
  return success(200, { ...document, __v, updatedAt: aTime }, { etag: `"${__v}"` });
};
/** A namespace that no other test counts in, and a key for it. */
let count = 0;
const newNamespace = async () => {
  const namespace = `restores${++count}`;
  return { namespace, key: await service.newKey({ namespaces: [namespace] }) };
};

describe('POST /client-channel/{id}/restore', () => {
  test('brings a deleted channel back as it was, two versions later', async () => {
    const created = await create({ local_name: 'تجزئة', disabled: true, integration_meta: { a: 1 } });
    const renamed = await update(created, { name: 'Wholesale' });
    await remove(created);

    const reply = await restore(created._id);

    expect(reply).toEqual(restored(renamed));
    expect(reply.body.data.updatedAt > renamed.updatedAt).toBe(true);
    expect(await get(created._id)).toEqual(success(200, reply.body.data, { etag: '"3"' }));
  });

  test('returns the integration_meta equal to what was sent, with any keys and numbers', async () => {
    const text =
      '{"":"","__proto__":{"a.b":[1e+21,-1.5e-300,[],{}]},"big":1e+300,"id":"007","n":9007199254740991}';
    const { body } = await service.call('POST /client-channel', {
      body: `{"name": "Retail", "integration_meta": ${text}}`,
    });
    await remove(body.data);

    const reply = await restore(body.data._id);

    // The texts, because `toEqual` does not see `__proto__`.
    expect(JSON.stringify(reply.body.data.integration_meta)).toBe(JSON.stringify(JSON.parse(text)));
    const stored = await service.channels.get(keys.channel('company1', body.data._id));
    expect(stored?.integration_meta).toBe(text);
  });

  test('leaves a channel that is there unchanged, and can be repeated', async () => {
    const channel = await create();
    expect(await restore(channel._id)).toEqual(success(200, channel, { etag: '"0"' }));

    await remove(channel);
    const first = await restore(channel._id);
    expect(first).toEqual(restored(channel));
    expect(await restore(channel._id)).toEqual(success(200, first.body.data, { etag: '"2"' }));
  });

  test('brings the same channel back again and again', async () => {
    const channel = await createDeleted();
    const { data: first } = (await restore(channel._id)).body;
    await remove(first);

    expect(await restore(channel._id)).toEqual(restored(first));
  });

  test('converts the id in the path to lower case', async () => {
    const channel = await createDeleted();

    expect(await restore(channel._id.toUpperCase())).toEqual(restored(channel));
  });

  test('brings a channel back that an upsert has deleted', async () => {
    const channel = await create({ integration_meta: { external_id: 'upserted' } });
    const body = { channels: [{ delete: true, integration_meta: { external_id: 'upserted' } }] };
    await service.call('POST /client-channel/upsert', { body });

    expect(await restore(channel._id)).toEqual(restored(channel));
  });

  test('returns a time that is later than that of every version before, even if the deletion had a clock that was behind', async () => {
    const caller: Caller = { keyId: 'k', namespace: 'clocks', namespaces: ['clocks'] };
    const ahead = Date.now() + hour;
    const channel = channelOf(1, { company_namespace: ['clocks'], updatedAt: ahead });
    const author = { now: ahead, keyId: 'k' };
    await service.channels.transact(() => planChannelWrites(undefined, channel, author, 0));
    await deleteChannel(service.channels, caller, channel._id, undefined);

    const { updatedAt } = await restoreChannel(service.channels, caller, channel._id);

    expect(updatedAt).toBe(ahead + 1);
  });
});

describe('a restore is 404', () => {
  test.each([
    '60f1b2b3c9e9a12345678901',
    'malformed',
    '60f1b2b3c9e9a1234567890',
    '%00',
  ])('for the id %s', async (id) => {
    expect(await restore(id)).toEqual(noSuchChannel);
  });

  test('in a namespace that the channel left, also if it was deleted elsewhere later, and then works there', async () => {
    const channel = await create({ company_namespace: ['company1', 'company2'] });
    const moved = await update(channel, { company_namespace: ['company2'] });
    const there = { headers: { 'x-company-namespace': 'company2' } };
    expect(await restore(channel._id)).toEqual(noSuchChannel);

    await service.call(`DELETE /client-channel/${channel._id}`, there);
    expect(await restore(channel._id)).toEqual(noSuchChannel);
    expect(await restore(channel._id, there)).toEqual(restored(moved));
    expect(await restore(channel._id)).toEqual(noSuchChannel);
  });

  test('from 90 days after the deletion on, even if TTL has not removed the tombstone yet', async () => {
    const { _id } = await createDeleted();
    const tombstone = await service.channels.get(keys.tombstone('company1', _id));
    const deletedAt = tombstone?.deletedAt as number;
    const caller: Caller = { keyId: 'k', namespace: 'company1', namespaces: ['company1'] };
    const restoreAt = (now: number) =>
      withClock(
        () => now,
        () => restoreChannel(service.channels, caller, _id),
      );

    await useClocks(async () => {
      await expect(restoreAt(deletedAt + 90 * day)).rejects.toMatchObject({ code: 'not_found' });
      await expect(restoreAt(deletedAt + 90 * day - 1)).resolves.toMatchObject({ _id, __v: 2 });
    });
  });

  test('over HTTP too, for a deletion of 90 days ago, and not for one that is an hour younger', async () => {
    const [old, younger] = [await createDeleted(), await createDeleted()];
    const setBack = ({ _id }: { _id: string }, deletedAt: number) =>
      service.channels.update({
        Key: keys.tombstone('company1', _id),
        UpdateExpression: 'SET deletedAt = :at',
        ExpressionAttributeValues: { ':at': deletedAt },
      });
    const limit = Date.now() - 90 * day;
    await setBack(old, limit);
    await setBack(younger, limit + hour);

    expect(await restore(old._id)).toEqual(noSuchChannel);
    expect(await restore(younger._id)).toEqual(restored(younger));
  });
});

describe('a restore of a channel of two namespaces', () => {
  test('is 403 for a key that holds one of them, and brings it back to both for a key that holds both', async () => {
    const channel = await createDeleted({ company_namespace: ['company1', 'company2'] });
    const key = await service.newKey({ namespaces: ['company2'] });

    expect(await restore(channel._id, { key })).toEqual(
      failure(403, 'forbidden', 'This API key does not hold the namespace "company1".', [
        { path: 'company_namespace', message: '"company1" is not yours' },
      ]),
    );
    expect(await get(channel._id)).toEqual(noSuchChannel);

    const { body } = await restore(channel._id, { headers: { 'x-company-namespace': 'company2' } });
    for (const namespace of ['company1', 'company2'])
      expect(await get(channel._id, { 'x-company-namespace': namespace })).toEqual(
        success(200, body.data, { etag: '"2"' }),
      );
  });

  test('is 200 for a key that holds one of them, if the channel is there', async () => {
    const channel = await create({ company_namespace: ['company1', 'company2'] });
    const key = await service.newKey({ namespaces: ['company2'] });

    expect(await restore(channel._id, { key })).toEqual(success(200, channel, { etag: '"0"' }));
  });

  test('brings it back only to the namespaces from which it was deleted', async () => {
    const channel = await create({ company_namespace: ['company1', 'company2'] });
    const moved = await update(channel, { company_namespace: ['company1'] });
    await remove(channel);

    expect(await restore(channel._id)).toEqual(restored(moved));
    expect(await get(channel._id, { 'x-company-namespace': 'company2' })).toEqual(noSuchChannel);
  });
});

describe('a restore of a channel whose external key another channel has now', () => {
  const conflict = (path: string, id: string, namespace: string) => {
    const message = `is now that of the channel ${id} in the namespace "${namespace}"`;
    return failure(
      409,
      'conflict',
      `The channel was not restored, because its ${path} ${message}. Change or delete that one first.`,
      [{ path, message }],
    );
  };

  test.each([
    ['external_id', 'a', 'company1'],
    ['id', 7, 'company1'],
    ['external_id', 'b', 'company2'],
    ['id', 8, 'company2'],
  ])('is 409 and names that channel: the %s %j in the namespace %s', async (field, value, namespace) => {
    const meta = { external_id: `other ${value} ${namespace}`, [field]: value };
    const shared = { company_namespace: ['company1', 'company2'] };
    const channel = await createDeleted({ integration_meta: { ...meta, kept: 1 }, ...shared });
    const other = await create({ integration_meta: { [field]: value }, company_namespace: [namespace] });

    const reply = await restore(channel._id);

    expect(reply).toEqual(conflict(`integration_meta.${field}`, other._id, namespace));
    for (const each of ['company1', 'company2'])
      expect(await get(channel._id, { 'x-company-namespace': each })).toEqual(noSuchChannel);
    await service.call(`DELETE /client-channel/${other._id}`, {
      headers: { 'x-company-namespace': namespace },
    });
    expect(await restore(channel._id)).toEqual(restored(channel));
  });

  test('compares keys as text, and takes the absent ids "" and "null" for none', async () => {
    const number = await createDeleted({ integration_meta: { external_id: 77 } });
    const text = await create({ integration_meta: { external_id: '77' } });
    expect(await restore(number._id)).toEqual(conflict('integration_meta.external_id', text._id, 'company1'));

    for (const external_id of ['', null]) {
      const channel = await createDeleted({ integration_meta: { external_id } });
      await create({ integration_meta: { external_id } });
      expect(await restore(channel._id)).toEqual(restored(channel));
    }
  });

  test('is 409 if more channels have the key than its item names', async () => {
    const integration_meta = { external_id: 'crowded' };
    const channel = await createDeleted({ integration_meta });
    for (let number = 0; number < 21; number++) await create({ integration_meta });

    expect(await restore(channel._id)).toEqual(failure(409, 'conflict'));
    expect(await get(channel._id)).toEqual(noSuchChannel);
  });
});

describe('the request of a restore', () => {
  test.each([
    ['no body', {}],
    ['an empty object', { body: {} }],
    ['an empty object with white space', { body: ' { } ' }],
    ['no body, and a type of text', { headers: { 'content-type': 'text/plain' } }],
  ])('may have %s', async (_, call) => {
    const channel = await createDeleted();
    expect(await restore(channel._id, call)).toEqual(restored(channel));
  });

  test.each([
    ['a field', { body: { name: 'x' } }, 400, 'invalid_request'],
    ['null', { body: 'null' }, 400, 'invalid_request'],
    ['an array', { body: [] }, 400, 'invalid_request'],
    ['a text', { body: '"x"' }, 400, 'invalid_request'],
    ['no JSON', { body: '{' }, 400, 'invalid_json'],
    ['an empty object as text', { body: '{}', headers: { 'content-type': 'text/plain' } }, 415, undefined],
    [
      'an empty object as a merge patch',
      { body: '{}', headers: { 'content-type': 'application/merge-patch+json' } },
      415,
      undefined,
    ],
  ])('must not have %s', async (_, call, status, code = 'unsupported_media_type') => {
    const { _id } = await createDeleted();
    expect(await restore(_id, call)).toEqual(failure(status, code));
    expect(await get(_id)).toEqual(noSuchChannel);
  });

  test('must not have a parameter', async () => {
    const { _id } = await createDeleted();
    expect(await service.call(`POST /client-channel/${_id}/restore?force=true`)).toEqual(
      failure(400, 'invalid_request', 'This operation takes no query parameters.', [
        { path: 'force', message: 'is not a parameter of this operation' },
      ]),
    );
  });

  test('is refused for the first reason in the order of the contract', async () => {
    const reader = await service.newKey({ namespaces: ['company1'], scopes: ['channels:read'] });
    const own = await service.newKey({ namespaces: ['company1'] });
    const text = { body: 'x', headers: { 'content-type': 'text/plain' } };
    const wrong = { body: { x: 1 } };
    const shared = await createDeleted({
      integration_meta: { external_id: 'order' },
      company_namespace: ['company1', 'company2'],
    });
    await create({ integration_meta: { external_id: 'order' } });

    expect(await restore('malformed', { key: 'x', ...text })).toEqual(failure(401, 'unauthenticated'));
    expect(await restore('malformed', { key: reader, ...text })).toEqual(failure(403, 'forbidden'));
    expect(await restore('malformed', { key: own, ...text })).toEqual(failure(415, 'unsupported_media_type'));
    expect(await restore('malformed', { key: own, ...wrong })).toEqual(failure(400, 'invalid_request'));
    expect(await restore('malformed', { key: own })).toEqual(noSuchChannel);
    expect(await restore(shared._id, { key: own })).toEqual(failure(403, 'forbidden'));
    expect(await restore(shared._id)).toEqual(failure(409, 'conflict'));
  });
});

test('after a restore, totals, searches, lists, external ids, changes, events and history show the channel', async () => {
  const { namespace, key } = await newNamespace();
  const created = await create(
    { name: 'Retail', local_name: 'تجزئة', disabled: true, integration_meta: { external_id: 'x', id: 1 } },
    key,
  );
  await create({ name: 'Other' }, key);
  const start = await service.call('GET /client-channel/changes', { key });
  await remove(created, key);
  const { data: channel } = (await restore(created._id, { key })).body;

  const show = async (query: string) => (await list(query, { key })).data;
  for (const query of [
    'search=retail',
    'search=تجزئة',
    'integration_meta.external_id=x',
    'integration_meta.id=1',
    `_id=${channel._id}`,
    'disabled=true',
    'name=Retail&sort=-updatedAt',
  ])
    expect([query, await show(query)]).toEqual([query, [channel]]);
  const { pagination } = await list('', { key });
  expect(pagination.total).toBe(2);

  const eventsOfChannel = () =>
    service.events.map(({ detail }) => detail).filter((detail) => detail.id.includes(`:${channel._id}:`));
  await eventually(() => expect(eventsOfChannel()).toHaveLength(3));
  const restoreEvent = {
    schema_version: 1,
    id: `${namespace}:${channel._id}:2`,
    namespace,
    version: 2,
    occurred_at: channel.updatedAt,
    actor: key.split('_')[2],
    channel,
    previous: null,
    changed: [],
  };
  const published = service.events.find(({ detail }) => detail.id === restoreEvent.id);
  expect([published?.['detail-type'], published?.detail]).toEqual(['ChannelCreated', restoreEvent]);

  await eventually(async () => {
    const history = await service.call(`GET /client-channel/${channel._id}/history`, { key });
    expect(history.body.data).toEqual([
      {
        version: 2,
        at: channel.updatedAt,
        actor: key.split('_')[2],
        type: 'restored',
        changed: [],
        channel,
      },
      { version: 1, at: aTime, actor: key.split('_')[2], type: 'deleted', changed: [], channel: null },
      {
        version: 0,
        at: created.createdAt,
        actor: key.split('_')[2],
        type: 'created',
        changed: [],
        channel: created,
      },
    ]);
  });

  const cursor = start.body.pagination.next_cursor;
  await eventually(async () => {
    const { body } = await service.call(`GET /client-channel/changes?cursor=${cursor}`, { key });
    const own = body.data.filter((change: { channel?: object }) => change.channel !== undefined);
    expect(own).toContainEqual({ type: 'upsert', channel, changed_at: channel.updatedAt });
  });

  // A replay makes the event from the item alone.
  const item = await service.channels.get(keys.channel(namespace, channel._id));
  expect(lastEventOf(item as Item)).toEqual({
    source: 'client-channels',
    'detail-type': 'ChannelCreated',
    detail: restoreEvent,
  });
  const renamed = await service.call(`PUT /client-channel/${channel._id}`, { key, body: { name: 'New' } });
  const later = await service.channels.get(keys.channel(namespace, channel._id));
  expect(lastEventOf(later as Item)).toMatchObject({
    'detail-type': 'ChannelUpdated',
    detail: { version: 3, channel: renamed.body.data },
  });
});

test.each([
  ['before', true],
  ['after', false],
])('after a restore, the projector and reindex find nothing to repair: the deletion was applied %s the restore', async (_, isAppliedBefore) => {
  const { namespace, key } = await newNamespace();
  const { _id } = await create({ name: 'Retail', integration_meta: { external_id: 'x' } }, key);
  const apply = () => applyPending(service, namespace, [_id]);
  await apply();
  await remove({ _id }, key);
  if (isAppliedBefore) await apply();
  await restore(_id, { key });
  await apply();

  expect(await reindex(service, namespace)).toEqual({
    totals: { before: { enabled: 1, disabled: 0 }, after: { enabled: 1, disabled: 0 } },
    keys: 0,
    externalKeys: 0,
    buckets: 0,
    channels: 0,
  });
  const item = await service.channels.get(keys.channel(namespace, _id));
  const channels = [{ _id, integration_meta: item?.integration_meta as string }];
  expect(await findWrongExternalKeys(service.channels, namespace, channels)).toEqual([]);
});

describe('if others write between the calls of a restore,', () => {
  const caller: Caller = { keyId: 'k', namespace: 'company1', namespaces: ['company1', 'company2'] };

  /** Restores through a table whose calls a test changes. */
  const restoreWith = async (
    id: string,
    hook: (call: Call, send: () => Promise<unknown>) => Promise<unknown>,
  ) => toDocument(await restoreChannel(interceptCalls(service, hook).channels as Table, caller, id));
  /** Before the first transaction, somebody writes something. */
  const meanwhile = (write: () => Promise<unknown>) => {
    let isDone = false;
    return async ({ operation }: Call, send: () => Promise<unknown>) => {
      if (operation === 'TransactWrite' && !isDone) {
        isDone = true;
        await write();
      }
      return send();
    };
  };

  test('another restore wins, and both return its channel', async () => {
    const { _id } = await createDeleted();
    let first: unknown;
    const second = await restoreWith(
      _id,
      meanwhile(async () => {
        first = (await restore(_id)).body.data;
      }),
    );
    expect(second).toEqual(first);
  });

  test('a channel that was restored and deleted again is restored from its last version', async () => {
    const channel = await createDeleted();
    const result = await restoreWith(
      channel._id,
      meanwhile(async () => {
        await restore(channel._id);
        await update(channel, { name: 'Later' });
        await remove(channel);
      }),
    );
    expect(result).toMatchObject({ _id: channel._id, name: 'Later', __v: 5 });
  });

  test('a channel that gets the external key is found', async () => {
    const integration_meta = { external_id: 'taken meanwhile' };
    const { _id } = await createDeleted({ integration_meta });
    const restoring = restoreWith(
      _id,
      meanwhile(() => create({ integration_meta })),
    );
    await expect(restoring).rejects.toMatchObject({ code: 'conflict' });
    expect(await get(_id)).toEqual(noSuchChannel);
  });

  test('so that neither the channel nor its tombstone is read, both are read once more', async () => {
    const channel = await createDeleted();
    let reads = 0;
    const result = await restoreWith(channel._id, async ({ operation }, send) => {
      // The channel is read before another restore, and the tombstone after it.
      if (operation === 'BatchGet' && ++reads === 1) {
        await restore(channel._id);
        return { Responses: {}, $metadata: {} };
      }
      return send();
    });
    expect(result).toMatchObject({ _id: channel._id, __v: 2 });
  });

  const withLostTry = (error: object) => Promise.reject(Object.assign(error, { outcomeUnknown: true }));

  test('a first try that may still arrive makes a conflict unavailable, because the key could be free again by then', async () => {
    const integration_meta = { external_id: 'lost try' };
    const { _id } = await createDeleted({ integration_meta });
    const restoring = restoreWith(_id, async ({ operation }, send) => {
      if (operation !== 'TransactWrite') return send();
      await create({ integration_meta });
      return send().catch(withLostTry);
    });
    await expect(restoring).rejects.toThrow('The table gave no answer in time');
  });

  test.each([
    [
      'it is a conflict',
      'Another request is writing the same items',
      (error: object) => Promise.reject(error),
    ],
    ['and a try was lost, it is unavailable', 'The table gave no answer in time', withLostTry],
  ])('and always restore and delete the channel in between, %s', async (_, message, fail) => {
    const { _id } = await createDeleted();
    const restoring = restoreWith(_id, async ({ operation }, send) => {
      if (operation !== 'TransactWrite') return send();
      await restore(_id);
      await remove({ _id });
      return send().catch(fail);
    });
    await expect(restoring).rejects.toThrow(message);
  });
});
