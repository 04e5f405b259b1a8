import { describe, expect, test } from '@jest/globals';
import type { BusEvent } from '../../local/event-bus.ts';
import { eventually } from '../support/eventually.ts';
import { replayCommand, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

test('npm run replay prints the last events of the running local server, and publishes them again with the same ids', async () => {
  const server = start(['--in-memory']);
  const { url, key } = await server.ready();
  const events = async (): Promise<BusEvent[]> => (await send(url, 'GET /_local/events')).body.data;
  const request = async (route: string, body?: object) =>
    (await send(url, route, { key, ...(body && { body }) })).body.data;
  const replayed = async (...args: string[]) => {
    const before = (await events()).length;
    const { code, lines, errors } = await replayCommand(...args);
    const sent = (await events()).slice(before).map(({ detail }) => detail);
    return { code, errors, last: lines.pop(), shown: lines.sort(), sent };
  };

  const created = await request('POST /client-channel', { name: 'Created' });
  const changed = await request('POST /client-channel', { name: 'Changed' });
  const deleted = await request('POST /client-channel', { name: 'Deleted' });
  await request(`PUT /client-channel/${changed._id}`, { name: 'Now' });
  await request(`DELETE /client-channel/${deleted._id}`);
  const restored = await request('POST /client-channel', { name: 'Restored' });
  await request(`DELETE /client-channel/${restored._id}`);
  await request(`POST /client-channel/${restored._id}/restore`);
  await eventually(async () => expect(await events()).toHaveLength(8));
  const original = (await events()).map(({ detail }) => detail);

  // The last event of each channel. A replayed update has no previous state: the table only has the present state.
  const [creation, update, deletion, restore] = [
    `${created._id}:0`,
    `${changed._id}:1`,
    `${deleted._id}:1`,
    `${restored._id}:2`,
  ].map((id) => original.find((event) => event.id === `company1:${id}`));
  const replayedUpdate = { ...update, previous: null, changed: [] };

  const dry = await replayed('--namespace', 'company1');
  expect(dry).toMatchObject({
    code: 0,
    errors: [],
    last: '4 events would be published: add --send to do it.',
    sent: [],
  });
  expect(dry.shown).toEqual(
    [
      `${creation.occurred_at}  ChannelCreated  ${creation.id}`,
      `${update.occurred_at}  ChannelUpdated  ${update.id}`,
      `${deletion.occurred_at}  ChannelDeleted  ${deletion.id}`,
      `${restore.occurred_at}  ChannelCreated  ${restore.id}`,
    ].sort(),
  );

  const all = await replayed('--namespace', 'company1', '--send');
  expect(all).toMatchObject({ code: 0, errors: [], last: '4 events published.', shown: dry.shown });
  expect(all.sent).toHaveLength(4);
  expect(all.sent).toEqual(expect.arrayContaining([creation, replayedUpdate, deletion, restore]));

  const channel = (id: string) => ['--namespace', 'company1', '--channel', id, '--send'];
  expect((await replayed(...channel(created._id.toUpperCase()))).sent).toEqual([creation]);
  expect((await replayed(...channel(deleted._id))).sent).toEqual([deletion]);
  expect((await replayed(...channel(restored._id))).sent).toEqual([restore]);

  const time = update.occurred_at;
  expect((await replayed('--from', time, '--to', time, '--send')).sent).toEqual([replayedUpdate]);
  const later = new Date(Date.now() + 60_000).toISOString();
  expect((await replayed('--from', later, '--send')).last).toBe('0 events published.');

  server.ctrlC();
  expect(await server.ended).toMatchObject({ code: 0 });
});

describe('invalid arguments', () => {
  test.each([
    [['--namespace', 'a'], /^No local server is running/],
    [[], /^Usage:/],
    [['--to', '2026-11-24T09:00:00Z'], /^Usage:/],
    [['--dead-letters'], /^--dead-letters are kept by deployed environments/],
    [['--channel', 'f'.repeat(24), '--from', '2026-11-24T09:00:00Z'], /^--channel needs a --namespace/],
    [['--namespace', 'a b'], /^--namespace is 1 to 64 of/],
    [['--namespace', 'a', '--channel', 'x'], /^--channel is a channel's id, not "x"\.$/],
    [['--from', 'yesterday'], /^--from is a time as 2026-11-24T09:00:00Z, not "yesterday"\.$/],
    [['--from', '2026-02-30T09:00:00Z'], /^--from is a time/],
    [['--namespace', 'a', '--to', '2026'], /^--to is a time/],
    [['--namspace', 'a'], /^There is no option --namspace\.$/],
    [['--namespace', 'a', '--environment', 'production'], /^There is no environment "production"/],
  ])('refuses %j, and the first line says why', async (args, line) => {
    const { code, lines, errors } = await replayCommand(...args);
    expect({ code, lines, first: errors[0] }).toEqual({
      code: 1,
      lines: [],
      first: expect.stringMatching(line),
    });
  });
});
