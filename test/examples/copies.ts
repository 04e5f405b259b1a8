import assert from 'node:assert/strict';
import type { Channel } from '../../client/index.ts';
import type { ExampleServer } from './example-server.ts';
import { byId, Namespace } from './namespace.ts';
import { withRelay } from './relay.ts';

/** An example that keeps a copy of a namespace. */
export interface CopyExample {
  /** Runs the example once. */
  run(url: string): Promise<void>;
  /** Starts the example and kills it at several moments of its work, once at each. Checks that it was killed. */
  runAndKill(url: string): Promise<void>;
  /** Runs the example with a cursor that has expired, and does what its README says. */
  runWithExpiredCursor(url: string): Promise<void>;
  channels(): Promise<Channel[]>;
}

/** Creates 250 channels, or gives them other names: three pages of the feed. */
const nameChannels = async ({ client }: Namespace, word: string) => {
  const rows = Array.from({ length: 250 }, (_, number) => ({
    name: `${word} ${number}`,
    integration_meta: { external_id: `ERP-${number}`, nested: { empty: {}, list: [1, 'two', null] } },
  }));
  for await (const { result } of client.upsertAll(rows)) assert.notEqual(result, 'failed');
};

/** Changes by others, of each kind: a creation, updates, deletions, a channel that joins the namespace, and one that leaves. */
const changeChannels = async (namespace: Namespace, round: number) => {
  const { client, name, partner } = namespace;
  const [first, second, third, fourth] = (await client.list({ per_page: 4 })).data as [
    Channel,
    Channel,
    Channel,
    Channel,
  ];
  await client.create({ name: `Created in round ${round}`, disabled: true });
  await client.update(first._id, { name: `Renamed ${round}`, local_name: 'قناة التجزئة' });
  await client.update(first._id, { integration_meta: { round } });
  await client.delete(second._id);
  await client.update(third._id, { name: 'Not for long' });
  await client.delete(third._id);
  await client.update(fourth._id, { company_namespace: [partner] });
  const joining = await namespace.in(partner).create({ name: `Joined in round ${round}` });
  await namespace.in(partner).update(joining._id, { company_namespace: [partner, name] });
};

/** Before the second page, others delete and rename channels that the first page brought. */
const changeBetweenPages =
  (namespace: Namespace) =>
  async (_method: string, request: number): Promise<void> => {
    if (request !== 2) return;
    const { client } = namespace;
    const [first, second] = (await client.list({ per_page: 2 })).data as [Channel, Channel];
    await client.delete(first._id);
    await client.update(second._id, { name: 'Renamed during the reading' });
    await namespace.whenNumbered();
  };

/** Tries an example from the first load to an expired cursor. After each run, its copy must equal the namespace. */
export const tryCopy = async (
  server: ExampleServer,
  makeExample: (key: string, folder: string) => Promise<CopyExample>,
  name: string,
  folder: string,
): Promise<void> => {
  const namespace = await Namespace.create(server, name);
  const example = await makeExample(await server.createKey(name), folder);
  const expectEqualCopy = async (when: string) =>
    assert.deepEqual((await example.channels()).sort(byId), await namespace.channels(), `${name}: ${when}`);

  await namespace.beginReader();
  await example.run(server.url);
  await expectEqualCopy('an empty namespace');

  await nameChannels(namespace, 'Channel');
  await namespace.whenNumbered();
  const requests = await withRelay(server.url, changeBetweenPages(namespace), (url) => example.run(url));
  assert.ok(requests >= 3, 'the first load takes several pages');
  await expectEqualCopy('a first load, while others changed channels');

  await nameChannels(namespace, 'Group');
  await namespace.whenNumbered();
  await example.runAndKill(server.url);
  await changeChannels(namespace, 1);
  await namespace.whenNumbered();
  await example.run(server.url);
  await expectEqualCopy('kills, and changes of each kind');
  await example.run(server.url);
  await expectEqualCopy('no changes');

  await changeChannels(namespace, 2);
  await namespace.whenNumbered();
  await server.rotateCursorSecret();
  await namespace.beginReader();
  await changeChannels(namespace, 3);
  await namespace.whenNumbered();
  await example.runWithExpiredCursor(server.url);
  await expectEqualCopy('an expired cursor');

  await changeChannels(namespace, 4);
  await namespace.whenNumbered();
  await example.run(server.url);
  await expectEqualCopy('changes after the expired cursor');
};
