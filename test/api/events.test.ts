import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { eventually } from '../support/eventually.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
let key: string;
let keyId: string;
let seen: number;

beforeAll(async () => {
  service = await startService(undefined, ['publish-events']);
  key = await service.newKey({ namespaces: ['acme', 'other'] });
  [, , keyId = ''] = key.split('_');
});
afterAll(() => service.stop());
beforeEach(() => {
  seen = service.events.length;
});

/** The events that a test has caused, once there are so many, as they are served. */
const eventsOnce = async (count: number, patience?: number) => {
  await eventually(() => expect(service.events.length - seen).toBeGreaterThanOrEqual(count), patience);
  const { status, body } = await service.call('GET /_local/events');
  expect(status).toBe(200);
  return body.data.slice(seen);
};

const create = async (body: object, headers = {}) =>
  (await service.call('POST /client-channel', { key, body, headers })).body.data;
const update = async ({ _id }: { _id: string }, body: object) =>
  (await service.call(`PUT /client-channel/${_id}`, { key, body })).body.data;
const remove = async ({ _id }: { _id: string }) =>
  (await service.call(`DELETE /client-channel/${_id}`, { key })).body.data;

/** An event as EventBridge hands it on, of which a test says what its detail tells. */
const eventOf = (type: string, detail: object) => ({
  version: '0',
  id: expect.any(String),
  'detail-type': type,
  source: 'client-channels',
  account: '000000000000',
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  region: 'us-east-1',
  resources: [],
  detail: { schema_version: 1, id: expect.any(String), actor: keyId, ...detail },
});

describe('a channel’s life', () => {
  it('is told within 2 seconds, in order, with what was before and after', async () => {
    const created = await create({ name: 'Retail', integration_meta: { external_id: 7 } });
    const renamed = await update(created, { name: 'Wholesale', local_name: 'جملة' });
    const toggled = await update(created, { ...renamed, disabled: true, integration_meta: null });
    const deleted = await remove(created);
    expect(deleted).toEqual(toggled);

    const about = { namespace: 'acme' };
    expect(await eventsOnce(4, 2_000)).toEqual([
      eventOf('ChannelCreated', {
        ...about,
        version: 0,
        occurred_at: created.createdAt,
        channel: created,
        previous: null,
        changed: [],
      }),
      eventOf('ChannelUpdated', {
        ...about,
        version: 1,
        occurred_at: renamed.updatedAt,
        channel: renamed,
        previous: created,
        changed: ['name', 'local_name'],
      }),
      eventOf('ChannelUpdated', {
        ...about,
        version: 2,
        occurred_at: toggled.updatedAt,
        channel: toggled,
        previous: renamed,
        changed: ['disabled', 'integration_meta'],
      }),
      eventOf('ChannelDeleted', {
        ...about,
        version: 3,
        occurred_at: expect.any(String),
        channel: null,
        previous: deleted,
        changed: [],
      }),
    ]);
  });
});

describe('a shared channel', () => {
  it('is created where it joins, deleted where it leaves, and changed in each of its namespaces', async () => {
    const created = await create({ name: 'Shared' });
    const shared = await update(created, { company_namespace: ['acme', 'other'] });
    const renamed = await update(created, { name: 'Renamed' });
    const moved = await update(created, { company_namespace: ['other'] });
    const events = await eventsOnce(7);

    const told = (namespace: string) =>
      events
        .filter(({ detail }: { detail: { namespace: string } }) => detail.namespace === namespace)
        // biome-ignore lint/suspicious/noExplicitAny: whatever was published
        .map(({ 'detail-type': type, detail }: any) => [
          type,
          detail.version,
          detail.previous,
          detail.channel,
          detail.changed,
        ]);
    expect(told('acme')).toEqual([
      ['ChannelCreated', 0, null, created, []],
      ['ChannelUpdated', 1, created, shared, ['company_namespace']],
      ['ChannelUpdated', 2, shared, renamed, ['name']],
      ['ChannelDeleted', 3, renamed, null, []],
    ]);
    expect(told('other')).toEqual([
      ['ChannelCreated', 1, null, shared, []],
      ['ChannelUpdated', 2, shared, renamed, ['name']],
      ['ChannelUpdated', 3, renamed, moved, ['company_namespace']],
    ]);
  });

  it('has an event for each return and each leaving', async () => {
    const created = await create({ name: 'Restless' });
    for (const company_namespace of [['acme', 'other'], ['acme'], ['other', 'acme'], ['acme']])
      await update(created, { company_namespace });
    const events = await eventsOnce(9);
    const inOther = events.filter(
      ({ detail }: { detail: { namespace: string } }) => detail.namespace === 'other',
    );
    // biome-ignore lint/suspicious/noExplicitAny: whatever was published
    expect(inOther.map(({ 'detail-type': type, detail }: any) => [type, detail.version])).toEqual([
      ['ChannelCreated', 1],
      ['ChannelDeleted', 2],
      ['ChannelCreated', 3],
      ['ChannelDeleted', 4],
    ]);
  });
});

describe('what changes nothing', () => {
  it('is no event: an update to what is there already, a refused one, a list, a get', async () => {
    const created = await create({ name: 'Still' });
    await update(created, created);
    await service.call(`PUT /client-channel/${created._id}`, {
      key,
      body: { name: 'Lost' },
      headers: { 'if-match': '"7"' },
    });
    await service.call(`GET /client-channel/${created._id}`, { key });
    await service.call('GET /client-channel', { key });
    await create({ name: 'Last' });
    expect(
      (await eventsOnce(2)).map(
        ({ detail }: { detail: { channel: { name: string } } }) => detail.channel.name,
      ),
    ).toEqual(['Still', 'Last']);
  });

  it('is no event: 1,000 retries of one creation, 50 at once, make one', async () => {
    const retry = () =>
      service.call('POST /client-channel', {
        key,
        body: { name: 'Once' },
        headers: { 'idempotency-key': 'once' },
      });
    const statuses = new Set<number>();
    for (let round = 0; round < 20; round++)
      for (const { status } of await Promise.all(Array.from({ length: 50 }, retry))) statuses.add(status);
    await create({ name: 'Last' });
    expect([...statuses]).toEqual([201]);
    expect(
      (await eventsOnce(2)).map(
        ({ detail }: { detail: { channel: { name: string } } }) => detail.channel.name,
      ),
    ).toEqual(['Once', 'Last']);
  });
});

it('fits docs/events.schema.json: all that these tests have published, and it is told from what does not', () => {
  const schema = JSON.parse(readFileSync('docs/events.schema.json', 'utf8'));
  const fits = new Ajv2020().compile(schema);
  const [event] = service.events;
  const flaws = service.events.filter((each) => !fits(each));
  expect({ published: service.events.length > 10, flaws }).toEqual({ published: true, flaws: [] });
  expect(fits({ ...event, detail: { ...event?.detail, version: '0' } })).toBe(false);
  expect(fits({ ...event, 'detail-type': 'ChannelRenamed' })).toBe(false);
});

describe('metadata', () => {
  it('of 64 KiB changes into another, and both are told', async () => {
    const metaOf = (letter: string) => ({ text: letter.repeat(64 * 1024 - '{"text":""}'.length) });
    const created = await create({ name: 'Heavy', integration_meta: metaOf('a') });
    const changed = await update(created, { integration_meta: metaOf('b') });
    const [, { detail }] = await eventsOnce(2);
    expect([detail.previous, detail.channel, detail.changed]).toEqual([
      created,
      changed,
      ['integration_meta'],
    ]);
  });

  it('comes as the API answers it: odd keys, large and negative zero numbers, nested empties', async () => {
    const integration_meta = JSON.parse(
      '{"":1,"__proto__":{"a":2},"a.b":[],"n":9007199254740993,"z":-0,"e":1e300,"x":{"y":{}}}',
    );
    const created = await create({ name: 'Odd', integration_meta });
    const [{ detail }] = await eventsOnce(1);
    expect(JSON.stringify(detail.channel)).toBe(JSON.stringify(created));
  });
});
