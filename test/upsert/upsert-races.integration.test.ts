import { once } from 'node:events';
import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from '@jest/globals';
import type { Caller } from '../../lib/auth/authenticate.ts';
import type { ChannelPatch } from '../../lib/channels/body-schema.ts';
import { toDocument } from '../../lib/channels/channel.ts';
import { externalKeyItemKey, externalKeyOf } from '../../lib/channels/external-keys.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { fromItem } from '../../lib/channels/items.ts';
import { channelsIn, keys } from '../../lib/channels/keys.ts';
import { createChannel, deleteChannel, updateChannel } from '../../lib/channels/store.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { toApiError } from '../../lib/http/failure-to-api-error.ts';
import { type RowProblem, toUpsertResponse } from '../../lib/upsert/to-response.ts';
import { upsertChannels } from '../../lib/upsert/upsert-channels.ts';
import type { UpsertRequest } from '../../lib/upsert/upsert-request.ts';
import { cancelled, connectionLost, throttled } from '../support/dynamodb-errors.ts';
import { type Call, interceptCalls } from '../support/projections.ts';
import { useService } from '../support/use-service.ts';

// What an upsert does if others write between its calls, if it reads an old state, and if its calls fail.

const service = useService();

let namespaces = 0;

/** A namespace of its own, with writers that are not the upsert. */
const newSubject = () => {
  const namespace = `upsert${++namespaces}`;
  const other = `${namespace}-other`;
  const caller: Caller = { keyId: 'k', namespace, namespaces: [namespace, other] };
  const table = () => service.channels;
  return {
    namespace,
    other,
    create: async (external_id: unknown, meta: object = {}, company_namespace = [namespace]) => {
      const integration_meta = JSON.stringify({ external_id, ...meta });
      const input = { name: 'Stored', integration_meta, company_namespace };
      return (await createChannel(table(), caller, input, undefined)).document;
    },
    setMeta: (id: string, meta: object) =>
      updateChannel(table(), caller, id, { integration_meta: JSON.stringify(meta) }, undefined),
    update: (id: string, patch: ChannelPatch) => updateChannel(table(), caller, id, patch, undefined),
    /** The item of an external id, as it is stored now. */
    item: (externalId: string) =>
      table().get(externalKeyItemKey(namespace, externalKeyOf('external_id', externalId) as string)),
    channelItem: (id: string) => table().get(keys.channel(namespace, id)),
    share: (id: string, company_namespace: string[]) =>
      updateChannel(table(), caller, id, { company_namespace }, undefined),
    remove: (id: string) => deleteChannel(table(), caller, id, undefined),
    stored: async () =>
      (await table().query(channelsIn(namespace, allIds))).items.map((item) => toDocument(fromItem(item))),
    /** Upserts rows through a table whose calls a test changes. Returns the rows of the response. */
    upsert: async (
      rows: unknown[],
      hook: (call: Call, send: () => Promise<unknown>) => Promise<unknown> = (_, send) => send(),
      {
        held = caller.namespaces,
        signal = service.channels.signal,
        ...options
      }: Partial<UpsertRequest> & { held?: string[]; signal?: AbortSignal } = {},
    ) => {
      const { channels } = interceptCalls(service, hook);
      const limited = new Table({ ...channels.session, signal }, channels.name);
      const request = { match: 'external_id', rows, dryRun: false, where: undefined, ...options } as const;
      const results = await upsertChannels(limited, { ...caller, namespaces: held }, request);
      return toUpsertResponse(results, (error) => toApiError(error) as RowProblem).data;
    },
  };
};
const row = (external_id: unknown, fields: object = {}, meta: object = {}) => ({
  ...fields,
  integration_meta: { external_id, ...meta },
});
const deletion = (external_id: unknown) => ({ delete: true, integration_meta: { external_id } });

/** Before the first call of an operation, another writer does something. */
const beforeFirst = (operation: string, write: () => Promise<unknown>) => {
  let isDone = false;
  return async (call: Call, send: () => Promise<unknown>) => {
    if (call.operation === operation && !isDone) {
      isDone = true;
      await write();
    }
    return send();
  };
};

interface Batch {
  RequestItems: Record<string, { Keys: object[]; ConsistentRead: boolean }>;
}
const isEventual = ({ operation, input }: Call) =>
  operation === 'BatchGet' &&
  Object.values((input as Batch).RequestItems).every(({ ConsistentRead }) => !ConsistentRead);

/** The answer to a batch of reads. */
const batchOf = ({ RequestItems }: Batch, items: unknown[]) => ({
  Responses: { [Object.keys(RequestItems)[0] ?? '']: items },
  $metadata: {},
});

/** Reads that are not strongly consistent show the items as they were when this was called. */
const frozen = async (keysToFreeze: () => Promise<unknown>[]) => {
  const items = (await Promise.all(keysToFreeze())).filter((item) => item !== undefined);
  return async (call: Call, send: () => Promise<unknown>) => {
    if (!isEventual(call)) return send();
    return batchOf(call.input as Batch, items);
  };
};
const frozenEmpty = () => frozen(() => []);

describe('if the items of external keys are read in an old state, without the channel that carries the key,', () => {
  test.each([
    ['with a name', { name: 'New' }],
    ['without a name', { disabled: true }],
  ])('a row %s changes the channel, and creates no second one', async (_, fields) => {
    const { create, upsert, stored } = newSubject();
    const { _id } = await create('a');

    const [result] = await upsert([row('a', fields)], await frozenEmpty());

    expect(result).toMatchObject({ result: 'updated', _id, __v: 1, changed: Object.keys(fields) });
    expect(await stored()).toEqual([expect.objectContaining({ _id, ...fields, __v: 1 })]);
  });

  test('a row that needs another value at the path of the condition fails because of the channel', async () => {
    const { create, upsert } = newSubject();
    await create('a', { source: 'oracle' });
    const where = { path: ['source'], value: 'sap' };

    const results = await upsert([row('a', { name: 'x' }, { source: 'x' })], await frozenEmpty(), { where });

    expect(results).toEqual([
      {
        index: 0,
        result: 'failed',
        code: 'outside_where',
        error:
          'All sources share one set of keys: the channel with this key has another value, or none, at the path that "where" names.',
      },
    ]);
  });

  test('a deletion deletes the channel', async () => {
    const { create, upsert, stored } = newSubject();
    const channel = await create('a');

    expect(await upsert([deletion('a')], await frozenEmpty())).toEqual([
      { index: 0, result: 'deleted', _id: channel._id, __v: 1, channel },
    ]);
    expect(await stored()).toEqual([]);
  });

  test('a dry run shows the change of the channel', async () => {
    const { create, upsert, stored } = newSubject();
    const previous = await create('a');

    const [result] = await upsert([row('a', { name: 'New' })], await frozenEmpty(), { dryRun: true });

    expect(result).toMatchObject({ result: 'updated', _id: previous._id, changed: ['name'], previous });
    expect(await stored()).toEqual([previous]);
  });
});

describe('if the items of external keys are read in an old state, with a channel that has changed since,', () => {
  test('a row changes the channel that has the key now, and the other one stays as it is', async () => {
    const { create, setMeta, item, upsert, stored } = newSubject();
    const old = await create('a');
    const hook = await frozen(() => [item('a')]);
    await setMeta(old._id, { external_id: 'b' });
    const current = await create('a');

    const [result] = await upsert([row('a', { name: 'New' })], hook);

    expect(result).toMatchObject({ result: 'updated', _id: current._id });
    expect(await stored()).toMatchObject([
      { _id: old._id, name: 'Stored', __v: 1 },
      { _id: current._id, name: 'New', __v: 1 },
    ]);
  });

  test('rows with its old key and with its new key are both done, although both items name it', async () => {
    const { create, setMeta, item, upsert, stored } = newSubject();
    const { _id } = await create('a');
    const old = item('a');
    await old;
    await setMeta(_id, { external_id: 'b' });
    const hook = await frozen(() => [old, item('b')]);

    const results = await upsert([row('a', { name: 'A' }), row('b', { name: 'B' })], hook);

    expect(results).toMatchObject([{ result: 'created' }, { result: 'updated', _id, changed: ['name'] }]);
    expect(await stored()).toMatchObject([
      { _id, name: 'B', integration_meta: { external_id: 'b' } },
      { name: 'A', integration_meta: { external_id: 'a' } },
    ]);
  });

  test.each([
    ['changes', row('a', { disabled: true }), 'updated'],
    ['deletes', deletion('a'), 'deleted'],
  ])('a row %s the channel that was created after that one was deleted', async (_, sent, expected) => {
    const { create, remove, item, upsert } = newSubject();
    const old = await create('a');
    const hook = await frozen(() => [item('a')]);
    await remove(old._id);
    const { _id } = await create('a');

    expect(await upsert([sent], hook)).toMatchObject([{ result: expected, _id }]);
  });

  test.each([
    ['changes', row('a', { name: 'New' }), 'updated'],
    ['deletes', deletion('a'), 'deleted'],
  ])('a row %s the one of two channels that is left', async (_, sent, expected) => {
    const { create, remove, item, upsert } = newSubject();
    const { _id } = await create('a');
    const other = await create('a');
    const hook = await frozen(() => [item('a')]);
    await remove(other._id);

    expect(await upsert([sent], hook)).toMatchObject([{ result: expected, _id }]);
  });

  test.each([
    false,
    true,
  ])('a deletion finds a second channel that was created before the request (dry run: %s)', async (dryRun) => {
    const { create, item, upsert, stored } = newSubject();
    await create('a');
    const hook = await frozen(() => [item('a')]);
    await create('a');
    const before = await stored();

    const results = await upsert([deletion('a')], hook, { dryRun });

    expect(results).toMatchObject([{ result: 'failed', code: 'ambiguous_match' }]);
    expect(await stored()).toEqual(before);
  });
});

test('a deletion finds two channels with the key, also if its second read sees one before and the other after a change', async () => {
  const { create, setMeta, item, channelItem, upsert, stored } = newSubject();
  const { _id } = await create('a');
  const withFirst = await item('a');
  await setMeta(_id, { external_id: 'b' });
  await create('a');
  const withSecond = await item('a');
  await setMeta(_id, { external_id: 'a' });
  const answers = [[withFirst], [withSecond, await channelItem(_id)]];
  const before = await stored();

  const [result] = await upsert([deletion('a')], async ({ operation, input }, send) => {
    const items = operation === 'BatchGet' && answers.shift();
    return items ? batchOf(input, items) : send();
  });

  expect(result).toMatchObject({ result: 'failed', code: 'ambiguous_match' });
  expect(await stored()).toEqual(before);
});

describe('if the answer to a change in place is lost, and another writer follows before it is sent again,', () => {
  /** Sends the change again after a write of somebody else, as the SDK does. */
  const repeatAfter =
    (write: () => Promise<unknown>) =>
    async ({ operation }: Call, send: () => Promise<unknown>) => {
      const answer = await send();
      if (operation !== 'Update') return answer;
      await write();
      return send().catch((error) => {
        throw Object.assign(error, { outcomeUnknown: true });
      });
    };
  const where = { path: ['source'], value: 'sap' };

  test.each([
    ['the other field that the writer changed', { name: 'Theirs' }, { ours: 1 }],
    ['although the writer put back the field', {}, {}],
  ])('the row says only what it changed itself: %s', async (_, theirs, meta) => {
    const { create, update, upsert } = newSubject();
    const { _id } = await create('a', { source: 'sap' });
    const integration_meta = { external_id: 'a', source: 'sap', ...meta };
    const hook = repeatAfter(() =>
      update(_id, { ...theirs, integration_meta: JSON.stringify(integration_meta) }),
    );

    const [result] = await upsert([row('a', {}, { ours: 1 })], hook, { where });

    expect(result).toMatchObject({
      result: 'updated',
      _id,
      __v: 2,
      changed: ['integration_meta'],
      channel: { integration_meta, ...theirs },
    });
  });

  test.each([
    ['no longer has the key', { external_id: 'b', source: 'sap' }],
    ['is outside of the condition', { external_id: 'a', source: 'oracle' }],
  ])('the row is `unavailable` if the channel %s', async (_, meta) => {
    const { create, setMeta, upsert, stored } = newSubject();
    const { _id } = await create('a', { source: 'sap' });
    const hook = repeatAfter(() => setMeta(_id, meta));

    const [result] = await upsert([row('a', {}, { ours: 1 })], hook, { where });

    expect(result).toMatchObject({ result: 'failed', code: 'unavailable' });
    expect(await stored()).toMatchObject([{ integration_meta: meta, __v: 2 }]);
  });
});

describe('if another writer is faster,', () => {
  test('a row that would create a channel changes the one that was created meanwhile', async () => {
    const { create, upsert, stored } = newSubject();

    const [result] = await upsert(
      [row('a', { name: 'New' })],
      beforeFirst('TransactWrite', () => create('a')),
    );

    expect(result).toMatchObject({ result: 'updated', __v: 1, changed: ['name'] });
    expect(await stored()).toHaveLength(1);
  });

  test('a row is ambiguous if two channels with its key were created meanwhile', async () => {
    const { create, upsert, stored } = newSubject();
    const createTwo = async () => [await create('a'), await create('a')];

    const [result] = await upsert([row('a', { name: 'New' })], beforeFirst('TransactWrite', createTwo));

    expect(result).toMatchObject({ result: 'failed', code: 'ambiguous_match' });
    expect(await stored()).toHaveLength(2);
  });

  test.each([
    ['in place', 'Update', {}, { sync: 1 }],
    ['in a transaction', 'TransactWrite', { name: 'New' }, {}],
  ])('a change %s does not reach a channel that has got another key', async (_, operation, fields, meta) => {
    const { create, setMeta, upsert, stored } = newSubject();
    const { _id } = await create('a');
    const rekey = beforeFirst(operation, () => setMeta(_id, { external_id: 'b' }));

    const [result] = await upsert([row('a', { name: 'Stored', ...fields }, meta)], rekey);

    expect(result).toMatchObject({ result: 'created', __v: 0 });
    expect(await stored()).toMatchObject([
      { _id, name: 'Stored', integration_meta: { external_id: 'b' }, __v: 1 },
      { ...fields, integration_meta: { external_id: 'a', ...meta } },
    ]);
  });

  test('a deletion does not reach a channel that has got another key', async () => {
    const { create, setMeta, upsert, stored } = newSubject();
    const { _id } = await create('a');
    const rekey = beforeFirst('TransactWrite', () => setMeta(_id, { external_id: 'b' }));

    expect(await upsert([deletion('a')], rekey)).toEqual([{ index: 0, result: 'unchanged' }]);
    expect(await stored()).toMatchObject([{ _id, integration_meta: { external_id: 'b' } }]);
  });

  test.each([
    ['a change in place', 'Update', row('a', {}, { sync: 1 })],
    ['a change in a transaction', 'TransactWrite', row('a', { name: 'New' })],
    ['a deletion', 'TransactWrite', deletion('a')],
  ])('%s does not reach a channel that has left the condition', async (_, operation, sent) => {
    const { create, setMeta, upsert, stored } = newSubject();
    const { _id } = await create('a', { source: 'sap' });
    const leave = beforeFirst(operation, () => setMeta(_id, { external_id: 'a', source: 'oracle' }));

    const results = await upsert([sent], leave, { where: { path: ['source'], value: 'sap' } });

    expect(results).toEqual([
      {
        index: 0,
        result: 'failed',
        code: 'outside_where',
        error:
          'All sources share one set of keys: the channel with this key has another value, or none, at the path that "where" names.',
      },
    ]);
    expect(await stored()).toMatchObject([{ _id, integration_meta: { source: 'oracle' }, __v: 1 }]);
  });

  test.each([
    ['keeps', { external_id: 'a', source: 'sap', theirs: 1 }, undefined],
    ['does not reach', { external_id: 'a', source: 'oracle' }, 'outside_where'],
  ])('a change in place %s what was written after its channel was read, also if the write is older than the change', async (_, meta, code) => {
    const { create, setMeta, upsert, stored } = newSubject();
    const { _id } = await create('a', { source: 'sap' });
    const writeAfterRead = async (call: Call, send: () => Promise<unknown>) => {
      const answer = await send();
      if (call.operation === 'BatchGet' && !isEventual(call)) {
        const { updatedAt } = await setMeta(_id, meta);
        while (Date.now() <= updatedAt) await Promise.resolve();
      }
      return answer;
    };

    const where = { path: ['source'], value: 'sap' };
    const [result] = await upsert([row('a', {}, { ours: 1 })], writeAfterRead, { where });

    expect(result).toMatchObject(code ? { result: 'failed', code } : { result: 'updated', __v: 2 });
    expect(await stored()).toMatchObject([{ integration_meta: { ...meta, ...(!code && { ours: 1 }) } }]);
  });

  test('a deletion does not reach a channel that has been shared with a namespace that the key does not hold', async () => {
    const { namespace, other, create, share, upsert, stored } = newSubject();
    const { _id } = await create('a');
    const shareFirst = beforeFirst('TransactWrite', () => share(_id, [namespace, other]));

    const [result] = await upsert([deletion('a')], shareFirst, { held: [namespace] });

    expect(result).toMatchObject({ result: 'failed', code: 'forbidden' });
    expect(await stored()).toMatchObject([{ _id, company_namespace: [namespace, other] }]);
  });

  test.each([
    ['a change in place', 'Update', { name: 'Stored' }],
    ['a change in a transaction', 'TransactWrite', { name: 'New' }],
  ])('%s of a channel that was deleted meanwhile creates it again', async (_, operation, fields) => {
    const { create, remove, upsert, stored } = newSubject();
    const { _id } = await create('a');

    const [result] = await upsert(
      [row('a', fields, { sync: 1 })],
      beforeFirst(operation, () => remove(_id)),
    );

    expect(result).toMatchObject({ result: 'created', __v: 0 });
    expect((await stored()).map((each) => each._id)).not.toContain(_id);
  });

  test('a deletion of a channel that was deleted meanwhile changes nothing', async () => {
    const { create, remove, upsert } = newSubject();
    const { _id } = await create('a');
    const removeFirst = beforeFirst('TransactWrite', () => remove(_id));

    expect(await upsert([deletion('a')], removeFirst)).toEqual([{ index: 0, result: 'unchanged' }]);
  });

  test('metadata that others write meanwhile is kept', async () => {
    const { create, setMeta, upsert, stored } = newSubject();
    const { _id } = await create('a');
    const write = beforeFirst('Update', () => setMeta(_id, { external_id: 'a', theirs: 1 }));

    const [result] = await upsert([row('a', {}, { ours: 2 })], write);

    expect(result).toMatchObject({ result: 'updated', __v: 2, changed: ['integration_meta'] });
    expect(await stored()).toMatchObject([{ integration_meta: { external_id: 'a', ours: 2, theirs: 1 } }]);
  });
});

describe('a creation', () => {
  const twenty = Array.from({ length: 20 }, (_, index) => index);

  test('is ambiguous if 20 channels have got its key meanwhile', async () => {
    const { create, upsert, stored } = newSubject();
    const createTwenty = () => Promise.all(twenty.map(() => create('a')));

    const [result] = await upsert([row('a', { name: 'x' })], beforeFirst('TransactWrite', createTwenty));

    expect(result).toMatchObject({ result: 'failed', code: 'ambiguous_match' });
    expect(await stored()).toHaveLength(20);
  });

  test('in two namespaces, of which the other one has 20 channels with the key, is the only one in its own', async () => {
    const { namespace, other, create, upsert, stored } = newSubject();
    await Promise.all(twenty.map(() => create('a', {}, [other])));
    const shared = row('a', { name: 'x', company_namespace: [namespace, other] });
    let transactions = 0;

    const [result] = await upsert([shared], async ({ operation }, send) => {
      // The first one finds out that the item of the other namespace is full.
      if (operation === 'TransactWrite' && ++transactions === 2) await create('a');
      return send();
    });

    expect(result).toMatchObject({ result: 'updated', changed: ['name', 'company_namespace'] });
    expect(await stored()).toMatchObject([{ name: 'x', company_namespace: [namespace, other] }]);
  });

  test('whose first try may still arrive fails with `unavailable`, because it could succeed later', async () => {
    const { create, upsert } = newSubject();

    const [result] = await upsert([row('a', { name: 'x' })], async ({ operation }, send) => {
      if (operation !== 'TransactWrite') return send();
      await create('a');
      return send().catch((error: TransactionCanceledException) => {
        throw Object.assign(error, { outcomeUnknown: true });
      });
    });

    expect(result).toMatchObject({ result: 'failed', code: 'unavailable' });
  });
});

test.each([
  ['conflict', cancelled],
  ['too_many_requests', throttled],
  ['unavailable', connectionLost],
])('a row whose write fails has the code %s, and the other rows are done', async (code, error) => {
  const { upsert, stored } = newSubject();
  const rows = ['a', 'b', 'c'].map((key) => row(key, { name: key }));

  const results = await upsert(rows, ({ input }, send) =>
    JSON.stringify(input).includes('"name":"b"') ? Promise.reject(error()) : send(),
  );

  const codes = results.map((each) => [each.result, 'code' in each ? each.code : undefined]);
  expect(codes).toEqual([
    ['created', undefined],
    ['failed', code],
    ['created', undefined],
  ]);
  expect((await stored()).map(({ name }) => name).sort()).toEqual(['a', 'c']);
});

test('nothing is done if the matches cannot be read', async () => {
  const { upsert, stored } = newSubject();
  const failing = ({ operation }: Call, send: () => Promise<unknown>) =>
    operation === 'BatchGet' ? Promise.reject(throttled()) : send();

  await expect(upsert([row('a', { name: 'x' })], failing)).rejects.toMatchObject({
    message: 'The table throttled the request',
  });
  expect(await stored()).toEqual([]);
});

test('a fault of the service fails the whole request, once the rows that were begun have ended', async () => {
  const { upsert } = newSubject();
  const rows = ['a', 'b'].map((key) => row(key, { name: key }));
  let isFirstDone = false;
  let fail: () => void = () => undefined;
  const failed = new Promise<void>((resolve) => {
    fail = resolve;
  });

  const request = upsert(rows, async ({ operation, input }, send) => {
    if (operation !== 'TransactWrite') return send();
    if (JSON.stringify(input).includes('"name":"b"')) {
      fail();
      throw new TypeError('a fault');
    }
    await failed;
    const answer = await send();
    isFirstDone = true;
    return answer;
  });

  await expect(request).rejects.toThrow('a fault');
  expect(isFirstDone).toBe(true);
});

test('if the time of the request is over, the rows that are not done are `unavailable`', async () => {
  const { upsert, stored } = newSubject();
  const rows = Array.from({ length: 10 }, (_, index) => row(index, { name: `${index}` }));
  const time = new AbortController();

  const results = await upsert(
    rows,
    async ({ operation, input }, send) => {
      if (operation !== 'TransactWrite') return send();
      const isFirst = JSON.stringify(input).includes('"name":"0"');
      if (!isFirst && !time.signal.aborted) await once(time.signal, 'abort');
      const answer = await send();
      time.abort();
      return answer;
    },
    { signal: time.signal },
  );

  const codes = results.map((each) => ('code' in each ? each.code : each.result));
  expect(codes).toEqual(['created', ...Array(9).fill('unavailable')]);
  expect(await stored()).toHaveLength(1);
});

test('8 rows of a request change 8 counters, so that they do not wait for each other', async () => {
  const { upsert } = newSubject();
  const rows = Array.from({ length: 8 }, (_, index) => row(index, { name: 'x' }));
  const counters: string[] = [];

  await upsert(rows, ({ input }, send) => {
    counters.push(...(JSON.stringify(input).match(/!count#\d/g) ?? []));
    return send();
  });

  expect(counters.sort()).toEqual(Array.from({ length: 8 }, (_, shard) => `!count#${shard}`));
});
