/** @jest-environment ./test/support/one-realm-environment.ts */
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteChannels } from '../../../client/command-line/runs/delete-channels.ts';
import { Journal } from '../../../client/command-line/runs/journal.ts';
import { type Channel, ChannelsClient, ChannelsError, type UpsertRow } from '../../../client/index.ts';
import { eventually } from '../../support/eventually.ts';
import { type Random, randomFrom } from '../../support/random.ts';
import { useService } from '../../support/use-service.ts';
import { type CommandFolder, parseLines, useCommandFolders } from './in-process.ts';

const service = useService({ consumers: ['publish-events'] });
const newFolder = useCommandFolders();
const fileCount = Number(process.env.COMMAND_LINE_SYNC_FILES ?? 30);
const timeoutMs = 300_000 + fileCount * 10_000;
const seed = Number(process.env.COMMAND_LINE_SEED ?? Date.now() % 1_000_000);

let testNumber = 0;
let syncKeyId: string;
let client: ChannelsClient;
/** Another connector. */
let other: ChannelsClient;
let folder: CommandFolder;
beforeEach(async () => {
  const namespaces = [`sync${++testNumber}`];
  const key = await service.newKey({ namespaces });
  client = new ChannelsClient({ url: service.url, key });
  other = new ChannelsClient({ url: service.url, key: await service.newKey({ namespaces }) });
  syncKeyId = (await client.me()).key_id;
  folder = newFolder({ url: service.url, key });
});

const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
};
const where = ['--where', 'integration_meta.source=sap'];
const sync = (...args: string[]) => folder.run('sync', 'rows.ndjson', ...where, ...args);
const writeRows = (rows: UpsertRow[]) =>
  folder.write('rows.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const sourceOf = (channel: { integration_meta?: Record<string, unknown> } | null) =>
  channel?.integration_meta?.source;

const sources = ['sap', 'sap', 'crm', undefined];
const newRow = (random: Random): UpsertRow => ({
  name: `Name ${random.below(3)}`,
  ...(random.below(2) && { disabled: random.below(2) === 0 }),
  integration_meta: {
    external_id: `k-${random.below(30)}`,
    ...(random.below(3) === 0 && { source: 'sap' }),
    ...(random.below(3) === 0 && { region: random.pick(['north', 'south']) }),
  },
});
const newRows = (random: Random): UpsertRow[] => {
  const rows = Array.from({ length: random.below(16) }, () => newRow(random));
  return [...new Map(rows.map((row) => [row.integration_meta.external_id, row])).values()];
};

/** Creates channels, with and without keys, and moves channels into the selection of the sync and out of it. */
const change = async (random: Random, channels: Channel[]): Promise<void> => {
  const source = random.pick(sources);
  if (!channels.length || random.below(5) === 0) {
    const external_id = random.below(2) ? `k-${random.below(30)}` : undefined;
    const isKnown = channels.some(({ integration_meta }) => integration_meta?.external_id === external_id);
    const integration_meta = { ...(!isKnown && external_id && { external_id }), ...(source && { source }) };
    if (integration_meta.external_id) await other.upsert([{ name: 'Other', integration_meta }]);
    else await other.create({ name: 'Other', integration_meta });
    return;
  }
  const { _id, integration_meta = {} } = random.pick(channels);
  const { source: _, ...rest } = integration_meta;
  try {
    await other.update(_id, { integration_meta: { ...rest, ...(source && { source }) } });
  } catch (error) {
    if (!(error instanceof ChannelsError && error.code === 'not_found')) throw error;
  }
};

const counted = (rows: { result?: string }[]) =>
  rows.filter(({ result }) => ['created', 'updated', 'deleted'].includes(result ?? '')).length;
const keyOf = (channel: Channel) => channel.integration_meta?.external_id as string | undefined;
const withoutTimes = ({ createdAt, updatedAt, __v, ...rest }: Channel) => rest;

/** The channels after a sync of rows, apart from those that it creates. Each key is on one channel at most. */
const expectedChannels = (before: Channel[], rows: UpsertRow[]) =>
  before.flatMap((channel) => {
    if (sourceOf(channel) !== 'sap') return [channel];
    const row = rows.find(({ integration_meta }) => integration_meta.external_id === keyOf(channel));
    if (!row) return [];
    const { name = '', disabled, integration_meta } = row;
    const merged = { ...channel.integration_meta, ...integration_meta };
    return [{ ...channel, name, disabled: disabled ?? channel.disabled, integration_meta: merged }];
  });

test(
  `a sync of random files makes the selection equal to the file, does what its dry run says, and never touches a channel outside of it, also while another writer moves channels (seed ${seed})`,
  async () => {
    const random = randomFrom(seed);
    let written = 0;
    for (let file = 0; file < fileCount; file++) {
      for (let n = random.below(12); n >= 0; n--) await change(random, await collect(client.all()));
      const before = await collect(client.all());
      const rows = newRows(random);
      writeRows(rows);
      const planned = await sync('--max-deletes', '100%', '--dry-run', '--json');
      const hasOtherWriter = file % 2 === 1;
      let isOver = false;
      const running = sync('--max-deletes', '100%', '--json').finally(() => {
        isOver = true;
      });
      while (hasOtherWriter && !isOver) await change(random, before);
      const done = await running;
      const results = parseLines(done.out);
      written += counted(results);
      if (hasOtherWriter) continue;

      const short = (out: string) =>
        parseLines(out).map(({ line, key, result, code, summary }) => ({ line, key, result, code, summary }));
      expect({ ...done, out: short(done.out) }).toEqual({ ...planned, out: short(planned.out) });
      const after = new Map((await collect(client.all())).map((channel) => [channel._id, channel]));
      const expected = expectedChannels(before, rows);
      expect(expected.map(({ _id }) => withoutTimes(after.get(_id) as Channel))).toEqual(
        expected.map(withoutTimes),
      );
      const known = new Set(before.map(keyOf));
      const created = [...after.values()].filter(({ _id }) => !before.some((channel) => channel._id === _id));
      expect(after.size).toBe(expected.length + created.length);
      expect(created.map(({ name, integration_meta }) => ({ name, integration_meta }))).toEqual(
        expect.arrayContaining(
          rows
            .filter(({ integration_meta }) => !known.has(integration_meta.external_id as string))
            .map(({ name, integration_meta }) => ({
              name,
              integration_meta: { ...integration_meta, source: 'sap' },
            })),
        ),
      );
    }

    const ownEvents = () =>
      service.events.map(({ detail }) => detail).filter(({ actor }) => actor === syncKeyId);
    await eventually(() => expect(ownEvents()).toHaveLength(written));
    const outside = ownEvents().filter(
      ({ channel, previous }) =>
        (previous && sourceOf(previous) !== 'sap') || (channel && sourceOf(channel) !== 'sap'),
    );
    expect(outside).toEqual([]);
  },
  timeoutMs,
);

describe('a sync', () => {
  const row = (external_id: string, meta = {}): UpsertRow => ({
    name: external_id,
    integration_meta: { external_id, ...meta },
  });

  test('that would delete more than --max-deletes is refused before anything is written', async () => {
    await client.upsert(Array.from({ length: 30 }, (_, n) => row(`k-${n}`, { source: 'sap' })));
    const before = await collect(client.all());
    writeRows([row('new'), ...Array.from({ length: 26 }, (_, n) => row(`k-${n}`))]);
    const refused = {
      code: 1,
      out: '',
      err: 'This would delete 4 of the 30 channels that --where selects. --max-deletes allows 3. This command wrote nothing.\n',
    };

    expect(await sync()).toEqual(refused);
    expect(await sync('--dry-run')).toEqual(refused);
    expect(await sync('--max-deletes', '3')).toEqual(refused);
    expect(await collect(client.all())).toEqual(before);

    expect((await sync('--max-deletes', '4')).out).toMatch(
      '1 created, 0 updated, 26 unchanged, 4 deleted, 0 failed\n',
    );
  });

  test('with exactly 10 % deletions is done, and can be undone', async () => {
    const rows = Array.from({ length: 29 }, (_, n) => row(`k-${n}`, { source: 'sap' }));
    await client.upsert(rows);
    await client.create({ name: 'Without a key', integration_meta: { source: 'sap' } });
    const before = await collect(client.all());
    writeRows([row('new'), ...rows.slice(2).map((each) => ({ ...each, disabled: true }))]);

    const { out } = await sync();

    expect(out).toMatch('1 created, 27 updated, 0 unchanged, 3 deleted, 0 failed\n');
    const [, run = ''] = /undo (\S+)/.exec(out) ?? [];
    const undone = { code: 0, out: '31 channels are as before the run, 0 skipped\n', err: '' };
    expect(await folder.run('undo', run)).toEqual(undone);
    const content = (channels: Channel[]) => channels.map(withoutTimes);
    expect(content(await collect(client.all()))).toEqual(content(before));
    expect(await folder.run('undo', run)).toEqual(undone);
  });

  test('deletes a channel only while it is selected, also if it has changed since it was read, and counts its own deletions', async () => {
    const create = (name: string) => client.create({ name, integration_meta: { source: 'sap' } });
    const names = ['same', 'renamed', 'moved', 'deleted by another', 'deleted before the answer'];
    const planned = await Promise.all(names.map(create));
    const [, renamed, moved, byAnother, own] = planned as [Channel, Channel, Channel, Channel, Channel];
    await other.update(renamed._id, { name: 'Renamed' });
    await other.update(moved._id, { integration_meta: { source: 'crm' } });
    await other.delete(byAnother._id);
    await client.delete(own._id);
    const journal = new Journal(join(folder.path, 'journal.ndjson'));
    const rows = planned.map((channel, index) => ({ index, result: 'deleted' as const, channel }));
    journal.append({ step: 'deletions', selected: 5, rows });
    const connection = { client, keyId: syncKeyId, signal: new AbortController().signal };

    await deleteChannels(
      connection,
      journal,
      (channel) => sourceOf(channel) === 'sap',
      () => {},
    );

    const outcomes = [...journal.outcomes.values()].sort((one, another) => one.index - another.index);
    expect(outcomes.map(({ index, result, __v }) => [names[index], result, __v])).toEqual([
      ['same', 'deleted', 1],
      ['renamed', 'deleted', 2],
      ['moved', 'unchanged', 1],
      ['deleted by another', 'unchanged', undefined],
      ['deleted before the answer', 'deleted', 1],
    ]);
    expect((await collect(client.all())).map(({ _id }) => _id)).toEqual([moved._id]);
  });

  test.each([
    [
      'another value at the path',
      row('b', { source: 'crm' }),
      'The row has another value at integration_meta.source than --where.',
    ],
    [
      'null at the path',
      row('b', { source: null }),
      'The row has another value at integration_meta.source than --where.',
    ],
    [
      'no key',
      { name: 'b', integration_meta: {} },
      "The row has no integration_meta.external_id. Without it, sync can't tell which channel the row is.",
    ],
    [
      'a deletion',
      { delete: true, ...row('b') },
      'The row has the field "delete". Sync deletes the channels that the file does not have.',
    ],
  ])('of a file in which a row has %s is refused with the number of the line', async (_, wrong, message) => {
    writeRows([row('a'), wrong]);
    expect(await sync()).toEqual({ code: 2, out: '', err: `Line 2: ${message}\n` });
    expect(await collect(client.all())).toEqual([]);
  });

  test('fails for a shared channel of which the key does not hold all namespaces, and its dry run says so', async () => {
    const namespaces = [`sync${testNumber}`, 'another'];
    const shared = new ChannelsClient({ url: service.url, key: await service.newKey({ namespaces }) });
    await shared.create({
      name: 'Shared',
      company_namespace: namespaces,
      integration_meta: { source: 'sap' },
    });
    writeRows([]);
    const summary = '0 created, 0 updated, 0 unchanged, 0 deleted, 1 failed\n';

    const planned = await sync('--max-deletes', '1', '--dry-run');
    const done = await sync('--max-deletes', '1');

    expect([planned.code, done.code]).toEqual([1, 1]);
    expect(planned.out).toMatch(summary);
    expect(done.out).toMatch(summary);
    expect(await collect(client.all())).toHaveLength(1);
  });
});
