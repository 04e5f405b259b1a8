import { beforeAll, describe, expect, test } from '@jest/globals';
import { failure } from '../support/matchers.ts';
import { channelOf, metaOfSize, seedChannels } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

// How real clients write filters by metadata, each with its answer. A filter that is not understood is refused: it must
// neither list everything nor find nothing.

const service = useService({ namespaces: ['company1'] });

/** Channels by their names. */
const metadata = {
  X1: { external_id: 'X1' },
  X2: { external_id: 'X2', id: 7, colour: 'red' },
  X3: { external_id: 'X3', colour: 'green', nested: { code: 'x' } },
  text: { external_id: '9007199254740993' },
  rounded: { external_id: 9007199254740992 },
  empty: { external_id: '', id: null },
  none: undefined,
};
const all = Object.keys(metadata);

beforeAll(async () => {
  for (const [name, integration_meta] of Object.entries(metadata))
    expect(
      await service.call('POST /client-channel', {
        body: { name, ...(integration_meta && { integration_meta }) },
      }),
    ).toMatchObject({ status: 201 });
});

const list = (query: string) => service.call(`GET /client-channel?${query}`);
const namesOf = async (query: string): Promise<string[]> => {
  const { status, body } = await list(query);
  expect([status, body.error]).toEqual([200, undefined]);
  expect(body.pagination.total).toBe(body.data.length);
  return body.data.map(({ name }: { name: string }) => name);
};
const encodeBrackets = (query: string) => query.replaceAll('[', '%5B').replaceAll(']', '%5D');
const encodeAll = (query: string) =>
  query
    .split('&')
    .map((part) => part.split('=').map(encodeURIComponent).join('='))
    .join('&');

describe('a filter by metadata', () => {
  test.each<[string, string[]]>([
    ['integration_meta.external_id=X1', ['X1']],
    ['integration_meta.external_id[]=X1', ['X1']],
    ['integration_meta.external_id[0]=X1', ['X1']],
    ['integration_meta[external_id][]=X1', ['X1']],
    ['integration_meta[external_id][0]=X1', ['X1']],
    ['integration_meta.external_id=["X1"]', ['X1']],
    ['integration_meta[external_id]=["X1"]', ['X1']],
    ['integration_meta={"external_id":["X1"]}', ['X1']],
    ['integration_meta.external_id[]=X1&integration_meta.external_id[]=X2', ['X1', 'X2']],
    ['integration_meta.external_id[0]=X1&integration_meta.external_id[1]=X2', ['X1', 'X2']],
    ['integration_meta.external_id[25]=X2&integration_meta.external_id[3]=X1', ['X1', 'X2']],
    ['integration_meta[external_id][]=X1&integration_meta[external_id][]=X2', ['X1', 'X2']],
    ['integration_meta[external_id][0]=X1&integration_meta[external_id][1]=X2', ['X1', 'X2']],
    ['integration_meta.external_id=X1&integration_meta.external_id=X2', ['X1', 'X2']],
    ['integration_meta[external_id]=X1&integration_meta.external_id=X2', ['X1', 'X2']],
    ['integration_meta.external_id=["X1","X2"]', ['X1', 'X2']],
    ['integration_meta={"external_id":["X1","X2"]}', ['X1', 'X2']],
    ['integration_meta.external_id=["X1","X2"]&integration_meta.id[]=7', ['X2']],
    ['integration_meta.external_id=["X2","X1"]&name[]=X1&name[]=X2&sort=-name', ['X2', 'X1']],
    ['integration_meta.external_id=["X1","X2"]&search=x', ['X1', 'X2']],
    ['integration_meta.external_id=["X1","nobody"]', ['X1']],
    ['integration_meta.external_id=[]', []],
    ['integration_meta={"external_id":[]}', []],
    ['integration_meta.external_id=X1,X2', []],
    ['integration_meta.id[]=7&integration_meta.id[]=8', ['X2']],
    ['integration_meta.id=[7,8]', ['X2']],
    ['integration_meta.colour[]=red&integration_meta.colour[]=green', ['X2', 'X3']],
    ['integration_meta.nested.code[]=x', ['X3']],
    ['integration_meta[nested][code][0]=x', ['X3']],
    ['integration_meta={"nested":{"code":["x","y"]}}', ['X3']],
    // Two numbers that are different stay different, in each form.
    ['integration_meta.external_id=9007199254740993', ['text']],
    ['integration_meta.external_id=[9007199254740993]', ['text']],
    ['integration_meta={"external_id":9007199254740993}', ['text']],
    ['integration_meta.external_id=9007199254740992', ['rounded']],
    ['integration_meta={"external_id":[9007199254740992,9007199254740993]}', ['text', 'rounded']],
  ])('%s finds %j', async (query, names) => {
    for (const form of [query, encodeBrackets(query), encodeAll(query)])
      expect(await namesOf(form)).toEqual(names);
  });

  const noValue =
    'has no value: a metadata filter needs one, because without it the list would hold every channel';
  const operator =
    'must be text, or a list of texts: there are no operators, and several values mean any of them';
  const dollar = 'has a key that begins with $: there are no operators, and several values mean any of them';
  const scalars = 'may list strings, numbers and booleans, but no lists and no objects';
  test.each([
    ['integration_meta.external_id=', 'integration_meta.external_id', noValue],
    ['integration_meta.external_id', 'integration_meta.external_id', noValue],
    ['integration_meta.external_id=null', 'integration_meta.external_id', noValue],
    ['integration_meta.external_id=undefined', 'integration_meta.external_id', noValue],
    ['integration_meta[external_id]=', 'integration_meta[external_id]', noValue],
    ['integration_meta[external_id]=undefined', 'integration_meta[external_id]', noValue],
    ['integration_meta.external_id[]=', 'integration_meta.external_id[]', noValue],
    ['integration_meta.id[]=', 'integration_meta.id[]', noValue],
    ['integration_meta.id[0]=null', 'integration_meta.id[0]', noValue],
    ['integration_meta.id[]=7&integration_meta.id[]=', 'integration_meta.id[]', noValue],
    ['integration_meta.id=["7",""]', 'integration_meta.id', 'lists an empty value'],
    ['integration_meta.id=[null]', 'integration_meta.id', 'lists an empty value'],
    ['integration_meta=', 'integration_meta', noValue],
    ['integration_meta=null', 'integration_meta', noValue],
    ['integration_meta={}', 'integration_meta', noValue],
    ['integration_meta={"a":{}}', 'integration_meta.a', noValue],
    ['integration_meta={"id":""}', 'integration_meta.id', noValue],
    ['integration_meta={"id":null}', 'integration_meta.id', noValue],
    ['integration_meta={"a":{"id":""}}', 'integration_meta.a.id', noValue],
    ['integration_meta={"id":["7",""]}', 'integration_meta.id', 'lists an empty value'],
    ['integration_meta={"id":[null]}', 'integration_meta.id', 'lists an empty value'],
    ['integration_meta.external_id[$in]=X1', 'integration_meta.external_id[$in]', dollar],
    ['integration_meta.external_id[$in][]=X1', 'integration_meta.external_id[$in][]', dollar],
    ['integration_meta[external_id][$in]=X1', 'integration_meta[external_id][$in]', dollar],
    ['integration_meta.external_id.$in=X1', 'integration_meta.external_id.$in', dollar],
    ['integration_meta[$or][0][id]=7', 'integration_meta[$or][0][id]', dollar],
    ['integration_meta={"external_id":{"$in":["X1"]}}', 'integration_meta.external_id.$in', dollar],
    ['integration_meta.external_id={"$in":["X1"]}', 'integration_meta.external_id', operator],
    ['integration_meta.external_id[]={"a":1}', 'integration_meta.external_id[]', operator],
    ['integration_meta.external_id=[object Object]', 'integration_meta.external_id', operator],
    ['integration_meta.external_id=[{"$eq":"X1"}]', 'integration_meta.external_id', scalars],
    ['integration_meta.external_id[]=["X1","X2"]', 'integration_meta.external_id[]', scalars],
    ['integration_meta.external_id[][]=X1', 'integration_meta.external_id[][]', scalars],
    [
      'integration_meta[]=X1',
      'integration_meta[]',
      'must be a JSON object, or must name a key, as in integration_meta.external_id=…',
    ],
  ])('%s is refused, and the message says why', async (query, path, message) => {
    for (const form of [query, encodeBrackets(query), encodeAll(query)])
      expect(await list(form)).toEqual(
        failure(400, 'invalid_request', `The query parameter "${path}" ${message}.`, [{ path, message }]),
      );
  });

  test('takes up to 100 values', async () => {
    const values = (count: number) => Array.from({ length: count }, (_, index) => `X${count - index}`);
    const inBrackets = (count: number) =>
      values(count)
        .map((value) => `integration_meta.external_id[]=${value}`)
        .join('&');
    expect(await namesOf(inBrackets(100))).toEqual(['X1', 'X2', 'X3']);
    expect(await namesOf(`integration_meta.colour=${JSON.stringify(values(100))}`)).toEqual([]);
    expect(await list(inBrackets(101))).toEqual(
      failure(
        400,
        'invalid_request',
        'The query parameter "integration_meta.external_id" takes at most 100 values, but was given 101.',
        [{ path: 'integration_meta.external_id', message: 'takes at most 100 values, but was given 101' }],
      ),
    );
  });

  test('is the same for a cursor in any form, and in any order of its values', async () => {
    const { next_cursor } = (await list('integration_meta.external_id=["X1","X2"]&per_page=1')).body
      .pagination;
    for (const same of [
      'integration_meta[external_id][]=X2&integration_meta[external_id][]=X1',
      'integration_meta={"external_id":["X2","X1","X2"]}',
    ])
      expect((await list(`${same}&cursor=${next_cursor}`)).body.data).toMatchObject([{ name: 'X2' }]);
    for (const other of ['"X1"', '["X1"]', '["X1","X2","X3"]', '["X1X2"]'])
      expect(await list(`integration_meta={"external_id":${other}}&cursor=${next_cursor}`)).toEqual(
        failure(400, 'cursor_mismatch'),
      );
  });
});

describe('a list of empty elements', () => {
  test.each([
    '_id[]=',
    '_id[]',
    '_id[0]=',
    '_id[]=null',
    '_id[]=undefined',
    'name[]=',
    'name[0]=undefined',
    'local_name[]=',
    'local_name[]=&local_name[]=',
  ])('matches nothing: %s', async (query) => {
    for (const form of [query, encodeBrackets(query)]) expect(await namesOf(form)).toEqual([]);
  });

  test.each([
    '_id=',
    'name=null',
    'local_name=undefined',
    'name',
  ])('is not meant by a parameter without brackets, which counts as absent: %s', async (query) => {
    expect(await namesOf(query)).toEqual(all);
  });
});

describe('from_updatedAt', () => {
  const message =
    'must be a whole number of milliseconds since the epoch, as in 1700000000000 (no seconds, no date as text), at most a year ahead';
  const day = 24 * 60 * 60 * 1000;

  test.each<[string, () => unknown]>([
    ['seconds', () => Math.floor(Date.now() / 1000)],
    ['microseconds', () => Date.now() * 1000],
    ['ISO 8601', () => new Date().toISOString()],
    ['a date', () => '2026-11-28'],
    ['a time more than a year ahead', () => Date.now() + 366 * day],
    ['a fraction', () => Date.now() + 0.5],
  ])('in %s is refused, and the message says what the unit is', async (_, value) => {
    expect(await list(`from_updatedAt=${encodeURIComponent(`${value()}`)}`)).toEqual(
      failure(400, 'invalid_request', `The query parameter "from_updatedAt" ${message}.`, [
        { path: 'from_updatedAt', message },
      ]),
    );
  });

  test('in milliseconds finds what was updated later', async () => {
    expect(await namesOf(`from_updatedAt=${Date.now() - day}`)).toEqual(all);
    expect(await namesOf(`from_updatedAt=${Date.now() + 364 * day}`)).toEqual([]);
    expect(await namesOf('from_updatedAt=0')).toEqual(all);
  });
});

describe('query_too_broad', () => {
  test('names the metadata keys that are indexed, if a filter uses another one', async () => {
    const key = await service.newKey({ namespaces: ['large'] });
    const large = Array.from({ length: 90 }, (_, index) =>
      channelOf(index + 1, { integration_meta: metaOfSize(60_000), company_namespace: ['large'] }),
    );
    await seedChannels(service, large);
    const errorOf = async (query: string) =>
      (await service.call(`GET /client-channel?${query}`, { key })).body.error;
    const narrow =
      'This query would read too many channels: narrow it by "from__id" and "to__id", or ask for the whole list in "_id" order and go on with "cursor".';
    const indexed =
      'Of the metadata keys, only integration_meta.external_id and integration_meta.id are indexed.';

    for (const query of [
      'integration_meta.colour=red',
      'integration_meta.a.external_id[]=x&integration_meta.a.external_id[]=y',
    ])
      expect(await errorOf(query)).toBe(`${narrow} ${indexed}`);
    expect(await errorOf('local_name=x')).toBe(narrow);
    expect(
      await errorOf('integration_meta.external_id[]=x&integration_meta.external_id[]=y'),
    ).toBeUndefined();
  });
});
