/**
 * `COMMAND_LINE_SYNC_FILES=200 npm test -- test/client/command-line/sync` imports and syncs 200 random files. With COMMAND_LINE_SEED, it
 * makes the same choices again.
 * @jest-environment ./test/support/one-realm-environment.ts
 */
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteChannels } from '../../../client/command-line/runs/delete-channels.ts';
import { Journal } from '../../../client/command-line/runs/journal.ts';
import { type Channel, ChannelsClient, ChannelsError, type UpsertRow } from '../../../client/index.ts';
import { type Random, randomFrom } from '../../support/random.ts';
import { useService } from '../../support/use-service.ts';
import { collect, connectionOf } from './companies.ts';
import { type CommandFolder, parseLines, useCommandFolders } from './in-process.ts';
import { contentOf, isChange, problemsOfRun, type Reported } from './run-oracle.ts';
import { versionsUntilNow } from './versions.ts';

const service = useService({ consumers: ['publish-events'] });
const newFolder = useCommandFolders();
const fileCount = Number(process.env.COMMAND_LINE_SYNC_FILES ?? 12);
const timeoutMs = 300_000 + fileCount * 10_000;
const seed = Number(process.env.COMMAND_LINE_SEED ?? Date.now() % 1_000_000);

let testNumber = 0;
let ownKeyId: string;
let client: ChannelsClient;
/** Another connector. */
let other: ChannelsClient;
let folder: CommandFolder;
beforeEach(async () => {
  const namespaces = [`sync${++testNumber}`];
  const key = await service.newKey({ namespaces });
  client = new ChannelsClient({ url: service.url, key });
  other = new ChannelsClient({ url: service.url, key: await service.newKey({ namespaces }) });
  ownKeyId = (await client.me()).key_id;
  folder = newFolder({ url: service.url, key });
});

const where = ['--where', 'integration_meta.source=sap'];
const sync = (...args: string[]) => folder.run('sync', 'rows.ndjson', ...where, ...args);
const writeRows = (rows: UpsertRow[]) =>
  folder.write('rows.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const sourceOf = (channel: { integration_meta?: Record<string, unknown> } | null) =>
  channel?.integration_meta?.source;

const sources = ['sap', 'sap', 'crm', undefined];
const newRow = (random: Random): UpsertRow => ({
  name: random.below(12) ? `Name ${random.below(3)}` : ' ',
  ...(random.below(2) && { disabled: random.below(2) === 0 }),
  ...(random.below(3) === 0 && { local_name: random.pick(['قناة', null]) }),
  integration_meta: {
    external_id: `k-${random.below(30)}`,
    ...(random.below(3) === 0 && { source: 'sap' }),
    ...(random.below(2) && { region: random.pick(['north', 'south', null]) }),
    ...(random.below(3) === 0 && { terms: { days: random.below(2), list: [random.below(2), '1'] } }),
  },
});
const newRows = (random: Random, command: 'import' | 'sync'): UpsertRow[] => {
  const rows = Array.from({ length: random.below(16) }, () => {
    const row = newRow(random);
    const isDeletion = command === 'import' && random.below(5) === 0;
    return isDeletion
      ? { delete: true as const, integration_meta: { external_id: row.integration_meta.external_id } }
      : row;
  });
  return [...new Map(rows.map((row) => [row.integration_meta.external_id, row])).values()];
};

/** Creates a channel, with or without a key. */
const create = async (random: Random, channels: Channel[], source: string | undefined): Promise<void> => {
  const external_id = random.below(2) ? `k-${random.below(30)}` : undefined;
  const isKnown = channels.some(({ integration_meta }) => integration_meta?.external_id === external_id);
  const integration_meta = { ...(!isKnown && external_id && { external_id }), ...(source && { source }) };
  if (integration_meta.external_id) await other.upsert([{ name: 'Other', integration_meta }]);
  else await other.create({ name: 'Other', integration_meta });
};
/** Creates a channel, deletes one, or moves one into the selection of the sync or out of it. */
const change = async (random: Random, channels: Channel[]): Promise<void> => {
  const source = random.pick(sources);
  if (!channels.length || random.below(5) === 0) return create(random, channels, source);
  const { _id, integration_meta = {} } = random.pick(channels);
  const { source: _, ...rest } = integration_meta;
  try {
    if (random.below(8))
      await other.update(_id, { integration_meta: { ...rest, ...(source && { source }) } });
    else await other.delete(_id);
  } catch (error) {
    if (!(error instanceof ChannelsError && error.code === 'not_found')) throw error;
  }
};

type Fields = Record<string, unknown>;

/** The fields of a channel that a preview names. */
const fieldsOf = (channel: Channel): Fields => {
  const { integration_meta = {}, ...content } = contentOf(channel);
  const meta = Object.entries(integration_meta).map(([key, value]) => [`integration_meta.${key}`, value]);
  return { ...content, ...Object.fromEntries(meta) };
};

interface PreviewLine {
  key?: string;
  _id?: string;
  result: string;
  changes?: { field: string; from?: unknown; to?: unknown }[];
}

/** The channels as they will be, as a preview says: by their ids, or, if it creates them, by their keys. */
const previewed = (before: Channel[], lines: PreviewLine[]): Map<string, Fields> => {
  const channels = new Map(before.map((channel) => [channel._id, fieldsOf(channel)]));
  for (const { key, _id = `key ${key}`, result, changes } of lines) {
    if (!changes) continue;
    const fields = new Map(Object.entries(channels.get(_id) ?? {}));
    for (const { field, from, to } of changes) {
      expect(fields.get(field)).toEqual(from);
      if (to === undefined) fields.delete(field);
      else fields.set(field, to);
    }
    if (result === 'deleted') {
      expect(fields).toEqual(new Map());
      channels.delete(_id);
    } else channels.set(_id, Object.fromEntries(fields));
  }
  return channels;
};
const stored = (before: Channel[], after: Channel[]): Map<string, Fields> => {
  const ids = before.map(({ _id }) => _id);
  const nameOf = ({ _id, integration_meta }: Channel) =>
    ids.includes(_id) ? _id : `key ${integration_meta?.external_id}`;
  return new Map(after.map((channel) => [nameOf(channel), fieldsOf(channel)]));
};

test(
  `random files are imported and synced exactly as their dry runs show field by field, and also while another writer moves channels, each row is done once, and a sync deletes what it has to and touches nothing else (seed ${seed})`,
  async () => {
    const random = randomFrom(seed);
    const versions = (written?: Reported[]) => versionsUntilNow(service, `sync${testNumber}`, other, written);
    for (let file = 0; file < fileCount; file++) {
      for (let n = random.below(8); n >= 0; n--) await change(random, await collect(client.all()));
      const before = await collect(client.all());
      const versionsBefore = await versions();
      const command = random.pick(['import', 'sync', 'sync'] as const);
      const rows = newRows(random, command);
      writeRows(rows);
      const options = command === 'sync' ? [...where, '--max-deletes', '100%', '--json'] : ['--json'];
      const run = (...args: string[]) => folder.run(command, 'rows.ndjson', ...options, ...args);
      const planned = await run('--dry-run');
      const hasOtherWriter = file % 2 === 1;
      let isOver = false;
      const running = run().finally(() => {
        isOver = true;
      });
      while (hasOtherWriter && !isOver) await change(random, before);
      const done = await running;

      const lines = parseLines(done.out).slice(0, -1);
      const problems = problemsOfRun({
        rows,
        invalid: rows.filter(({ name }) => name === ' '),
        ...(command === 'sync' && { source: 'sap' }),
        reported: lines,
        before,
        versions: (await versions(lines.filter(isChange))).slice(versionsBefore.length),
        actor: ownKeyId,
      });
      expect({ file, problems, err: done.err }).toEqual({ file, problems: [], err: '' });
      if (hasOtherWriter) continue;
      const short = (out: string) =>
        parseLines(out).map(({ line, key, result, code, summary }) => ({ line, key, result, code, summary }));
      expect({ ...done, out: short(done.out) }).toEqual({ ...planned, out: short(planned.out) });
      const after = stored(before, await collect(client.all()));
      expect(after).toEqual(previewed(before, parseLines(planned.out)));
    }
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
    const named = before
      .filter(({ name }) => Number(name.slice(2)) >= 26)
      .map(({ name }) => `  ${name}  "${name}"\n`);
    const refused = {
      code: 1,
      out: '',
      err: `This would delete 4 of the 30 channels that --where selects:\n${named.join('')}--max-deletes allows 3. This command wrote nothing. With --dry-run, it shows all that it would do.\n`,
    };

    expect(await sync()).toEqual(refused);
    const { out, ...planned } = await sync('--dry-run');
    const wouldBeRefused = refused.err.replace(/(?<=allows 3\. ).*/, 'So the sync would be refused.');
    expect(planned).toEqual({ code: 1, err: wouldBeRefused });
    expect(out).toMatch('1 created, 0 updated, 26 unchanged, 4 deleted, 0 failed\n');
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
    const undone = (text: string) => ({ code: 0, out: text, err: '' });
    expect(await folder.run('undo', run)).toEqual(undone('31 put back, 0 as before already, 0 skipped\n'));
    expect((await collect(client.all())).map(contentOf)).toEqual(before.map(contentOf));
    expect(await folder.run('undo', run)).toEqual(undone('0 put back, 31 as before already, 0 skipped\n'));
  });

  test('shows in a dry run what it would do, field by field, and writes nothing', async () => {
    const namespace = `sync${testNumber}`;
    await client.upsert([row('a', { source: 'sap', terms: { days: 30 } }), row('b', { source: 'crm' })]);
    const keyless = await client.create({ name: 'Without a key', integration_meta: { source: 'sap' } });
    const before = await collect(client.all());
    writeRows([{ ...row('a', { terms: { days: 60 } }), disabled: true }, row('b'), row('c')]);

    const { code, out, err } = await sync('--max-deletes', '1', '--dry-run');

    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toBe(
      [
        'updated    line 1  a',
        '    disabled: false → true',
        '    integration_meta.terms: {"days":30} → {"days":60}',
        'failed     line 2  b  The channel with this key has another value at integration_meta.source than "sap", or none. A sync changes only channels that --where selects.',
        'created    line 3  c',
        '    name: (none) → "c"',
        '    disabled: (none) → false',
        `    company_namespace: (none) → ["${namespace}"]`,
        '    integration_meta.external_id: (none) → "c"',
        '    integration_meta.source: (none) → "sap"',
        `deleted    ${keyless._id}`,
        '    name: "Without a key" → (none)',
        '    disabled: false → (none)',
        `    company_namespace: ["${namespace}"] → (none)`,
        '    integration_meta.source: "sap" → (none)',
        'Dry run, nothing was written: 1 created, 1 updated, 0 unchanged, 1 deleted, 1 failed',
        '',
      ].join('\n'),
    );
    expect(await collect(client.all())).toEqual(before);
  });

  test('deletes a channel only while it is selected, also if it has changed since it was read', async () => {
    const create = (name: string) => client.create({ name, integration_meta: { source: 'sap' } });
    const names = ['same', 'renamed', 'moved', 'deleted by another'];
    const planned = await Promise.all(names.map(create));
    const [, renamed, moved, byAnother] = planned as [Channel, Channel, Channel, Channel];
    await other.update(renamed._id, { name: 'Renamed' });
    await other.update(moved._id, { integration_meta: { source: 'crm' } });
    await other.delete(byAnother._id);
    const journal = new Journal(join(folder.path, 'journal.ndjson'));
    const rows = planned.map((channel, index) => ({ index, result: 'deleted' as const, channel }));
    journal.append({ step: 'deletions', selected: 4, rows });
    const connection = connectionOf(client, ownKeyId);

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
