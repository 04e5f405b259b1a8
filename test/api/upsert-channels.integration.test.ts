import { describe, expect, it } from '@jest/globals';
import { anId, aTime } from '../support/matchers.ts';
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

  it('creates it without the metadata keys that are null', async () => {
    const key = newKey();
    const [row] = await rowsOf([{ name: 'x', ...meta(key, { removed: null, kept: { inner: null } }) }]);

    expect(row.channel.integration_meta).toEqual({ external_id: key, kept: { inner: null } });
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
        error: `More than one channel carries this key: ${ids.join(', ')}. Give each its own key.`,
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
        { name: 'Second', ...meta(second) },
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
      [10, 'created', undefined],
    ]);
    expect(answer.summary).toEqual({ created: 2, updated: 0, unchanged: 0, deleted: 0, failed: 9 });
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

  it('is set at a deeper path', async () => {
    const key = newKey();
    const [row] = await rowsOf([{ name: 'x', ...meta(key, { a: { c: 1 } }) }], {
      where: { 'integration_meta.a.b': 'y' },
    });
    expect(row.channel.integration_meta).toEqual({ external_id: key, a: { b: 'y', c: 1 } });
  });

  it.each([
    ['another value', { source: 'oracle' }],
    ['an object', { source: {} }],
  ])('refuses to create a channel with %s there', async (_, others) => {
    expect(await rowsOf([{ name: 'x', ...meta(newKey(), others) }], { where })).toEqual([
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
        outside('The channel with this key has another value'),
      ]);
    expect(await read(before._id)).toEqual(before);
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
