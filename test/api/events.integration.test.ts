import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { eventually } from '../support/eventually.ts';
import { createRepeatedly } from '../support/repeated-creation.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['acme', 'other'], consumers: ['publish-events'] });
let seen: number;

beforeEach(() => {
  seen = service.events.length;
});

// biome-ignore lint/suspicious/noExplicitAny: tests read any event
type PublishedEvent = any;

/** Waits until the test has caused this many events, and returns all of them, as the local server shows them. */
const waitForEvents = async (count: number): Promise<PublishedEvent[]> => {
  await eventually(() => expect(service.events.length - seen).toBeGreaterThanOrEqual(count));
  const { status, body } = await service.call('GET /_local/events');
  expect(status).toBe(200);
  return body.data.slice(seen);
};

const create = async (body: object, headers = {}) =>
  (await service.call('POST /client-channel', { body, headers })).body.data;
const update = async ({ _id }: { _id: string }, body: object) =>
  (await service.call(`PUT /client-channel/${_id}`, { body })).body.data;
const remove = async ({ _id }: { _id: string }) =>
  (await service.call(`DELETE /client-channel/${_id}`)).body.data;

/** A whole event as EventBridge delivers it, with this type and these fields of its detail. */
const eventOf = (type: string, detail: object) => ({
  version: '0',
  id: expect.any(String),
  'detail-type': type,
  source: 'client-channels',
  account: '000000000000',
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  region: 'us-east-1',
  resources: [],
  detail: { schema_version: 1, id: expect.any(String), actor: service.key.split('_')[2], ...detail },
});

const namesOf = (events: PublishedEvent[]) => events.map(({ detail }) => detail.channel.name);
const ofNamespace = (events: PublishedEvent[], namespace: string) =>
  events.filter(({ detail }) => detail.namespace === namespace);

describe('the changes of a channel', () => {
  test('are published in order, with the channel before and after', async () => {
    const created = await create({ name: 'Retail', integration_meta: { external_id: 7 } });
    const renamed = await update(created, { name: 'Wholesale', local_name: 'جملة' });
    const toggled = await update(created, { ...renamed, disabled: true, integration_meta: null });
    const deleted = await remove(created);

    expect(deleted).toEqual(toggled);
    expect(await waitForEvents(4)).toEqual([
      eventOf('ChannelCreated', {
        namespace: 'acme',
        version: 0,
        occurred_at: created.createdAt,
        channel: created,
        previous: null,
        changed: [],
      }),
      eventOf('ChannelUpdated', {
        namespace: 'acme',
        version: 1,
        occurred_at: renamed.updatedAt,
        channel: renamed,
        previous: created,
        changed: ['name', 'local_name'],
      }),
      eventOf('ChannelUpdated', {
        namespace: 'acme',
        version: 2,
        occurred_at: toggled.updatedAt,
        channel: toggled,
        previous: renamed,
        changed: ['disabled', 'integration_meta'],
      }),
      eventOf('ChannelDeleted', {
        namespace: 'acme',
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
  test('is created in a namespace that it joins, deleted in one that it leaves, and updated in each of its namespaces', async () => {
    const created = await create({ name: 'Shared' });
    const shared = await update(created, { company_namespace: ['acme', 'other'] });
    const renamed = await update(created, { name: 'Renamed' });
    const moved = await update(created, { company_namespace: ['other'] });

    const events = await waitForEvents(7);
    const summary = (namespace: string) =>
      ofNamespace(events, namespace).map(({ 'detail-type': type, detail }) => [
        type,
        detail.version,
        detail.previous,
        detail.channel,
        detail.changed,
      ]);
    expect(summary('acme')).toEqual([
      ['ChannelCreated', 0, null, created, []],
      ['ChannelUpdated', 1, created, shared, ['company_namespace']],
      ['ChannelUpdated', 2, shared, renamed, ['name']],
      ['ChannelDeleted', 3, renamed, null, []],
    ]);
    expect(summary('other')).toEqual([
      ['ChannelCreated', 1, null, shared, []],
      ['ChannelUpdated', 2, shared, renamed, ['name']],
      ['ChannelUpdated', 3, renamed, moved, ['company_namespace']],
    ]);
  });

  test('has an event each time that it leaves a namespace or returns to it', async () => {
    const created = await create({ name: 'Restless' });
    for (const company_namespace of [['acme', 'other'], ['acme'], ['other', 'acme'], ['acme']])
      await update(created, { company_namespace });

    const events = ofNamespace(await waitForEvents(9), 'other');
    expect(events.map(({ 'detail-type': type, detail }) => [type, detail.version])).toEqual([
      ['ChannelCreated', 1],
      ['ChannelDeleted', 2],
      ['ChannelCreated', 3],
      ['ChannelDeleted', 4],
    ]);
  });
});

describe('a request that changes nothing', () => {
  test('publishes no event: an update without a difference, a refused update, a get, a list', async () => {
    const created = await create({ name: 'Still' });
    await update(created, created);
    await service.call(`PUT /client-channel/${created._id}`, {
      body: { name: 'Lost' },
      headers: { 'if-match': '"7"' },
    });
    await service.call(`GET /client-channel/${created._id}`);
    await service.call('GET /client-channel');
    await create({ name: 'Last' });

    expect(namesOf(await waitForEvents(2))).toEqual(['Still', 'Last']);
  });

  test('publishes no event: 1,000 retries of one creation, 50 at a time, publish one', async () => {
    const options = { idempotencyKey: 'once', times: 1_000, atOnce: 50 };
    const replies = await createRepeatedly(service.call, service.key, { name: 'Once' }, options);
    await create({ name: 'Last' });

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]));
    expect(namesOf(await waitForEvents(2))).toEqual(['Once', 'Last']);
  });
});

test('all events of these tests match docs/events.schema.json, which refuses others', () => {
  const matches = new Ajv2020().compile(JSON.parse(readFileSync('docs/events.schema.json', 'utf8')));
  const [event] = service.events;

  expect(service.events.length).toBeGreaterThan(10);
  expect(service.events.filter((each) => !matches(each))).toEqual([]);
  expect(matches({ ...event, detail: { ...event?.detail, version: '0' } })).toBe(false);
  expect(matches({ ...event, 'detail-type': 'ChannelRenamed' })).toBe(false);
});

describe('integration_meta in an event', () => {
  test('is complete before and after a change, even if both have 64 KiB', async () => {
    const metaOf = (letter: string) => ({ text: letter.repeat(64 * 1024 - '{"text":""}'.length) });
    const created = await create({ name: 'Heavy', integration_meta: metaOf('a') });
    const changed = await update(created, { integration_meta: metaOf('b') });

    const [, { detail }] = await waitForEvents(2);
    expect([detail.previous, detail.channel, detail.changed]).toEqual([
      created,
      changed,
      ['integration_meta'],
    ]);
  });

  test('is as the API returns it: odd keys, large numbers, negative zero, nested empty objects', async () => {
    const integration_meta = JSON.parse(
      '{"":1,"__proto__":{"a":2},"a.b":[],"n":9007199254740993,"z":-0,"e":1e300,"x":{"y":{}}}',
    );
    const created = await create({ name: 'Odd', integration_meta });

    const [{ detail }] = await waitForEvents(1);
    expect(JSON.stringify(detail.channel)).toBe(JSON.stringify(created));
  });
});
