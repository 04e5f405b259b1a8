/** @jest-environment ./test/support/one-realm-environment.ts */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Run } from '../../../client/command-line/runs/run.ts';
import { undoRun } from '../../../client/command-line/runs/undo-run.ts';
import { type Channel, ChannelsClient } from '../../../client/index.ts';
import { useService } from '../../support/use-service.ts';
import {
  type Company,
  collect,
  connectionOf,
  ndjson,
  row,
  runOf,
  sentSteps,
  useCompanies,
} from './companies.ts';
import { parseLines } from './in-process.ts';
import { contentOf } from './run-oracle.ts';
import { variedRows } from './varied-rows.ts';

const service = useService({ consumers: ['publish-events'] });
const newCompany = useCompanies(service);
let { namespace, client, folder, storedChannels, seed } = {} as Company;
beforeEach(async () => {
  ({ namespace, client, folder, storedChannels, seed } = await newCompany());
});
/** How many rows a bad import has. */
const badRowCount = Number(process.env.COMMAND_LINE_UNDO_ROWS ?? 100);
const timeoutMs = 300_000 + badRowCount * 500;

describe('undo', () => {
  test(
    'puts back what an import changed, skips and lists channels that have changed since, and does nothing a second time',
    async () => {
      await seed([...variedRows(badRowCount), row('gone', 'Gone', { a: 1 })]);
      const before = await storedChannels();
      const bad = before.map(({ integration_meta }, n) =>
        integration_meta?.external_id === 'gone'
          ? { delete: true, integration_meta: { external_id: 'gone' } }
          : {
              name: 'Bad',
              ...(n % 2 && { local_name: null }),
              integration_meta: { external_id: integration_meta?.external_id, value: 'bad', bad: true },
            },
      );
      folder.write('bad.ndjson', ndjson([...bad, row('new', 'New'), row('new-2', 'New')]));
      const imported = await folder.run('import', 'bad.ndjson');
      expect(imported.out).toMatch(`2 created, ${badRowCount} updated, 0 unchanged, 1 deleted, 0 failed`);
      const changed = [];
      const [newOne] = await collect(client.all({ integration_meta: { external_id: 'new' } }));
      for (const { _id } of [...before.slice(0, 19), newOne as Channel])
        changed.push(await client.update(_id, { disabled: true, name: 'Edited' }));

      const undone = await folder.run('undo', runOf(imported.out));

      const lines = undone.out.trimEnd().split('\n');
      expect(undone).toMatchObject({ code: 1, err: '' });
      expect(lines.at(-1)).toBe(`${badRowCount - 17} put back, 0 as before already, 20 skipped`);
      expect(
        lines
          .slice(0, -1)
          .map((line) => /^skipped {3}(\S+) .*It has changed since the run\.$/.exec(line)?.[1])
          .sort(),
      ).toEqual(changed.map(({ _id }) => _id).sort());
      const expected = new Map([...before, ...changed].map((channel) => [channel._id, contentOf(channel)]));
      const after = await storedChannels();
      expect(new Map(after.map((channel) => [channel._id, contentOf(channel)]))).toEqual(expected);
      const again = [
        ...lines.slice(0, -1),
        `0 put back, ${badRowCount - 17} as before already, 20 skipped\n`,
      ];
      expect(await folder.run('undo', runOf(imported.out))).toEqual({ ...undone, out: again.join('\n') });
      expect(await storedChannels()).toEqual(after);
    },
    timeoutMs,
  );

  test('of a run that was killed before it had its answers puts back what this run did, and nothing else', async () => {
    await seed([row('updated', 'Old'), row('second', 'Old'), row('edited', 'Old')]);
    const before = await storedChannels();
    const rows = ['updated', 'edited', 'created', 'not-created'].map((name) => row(name, 'New'));
    folder.write('x.ndjson', ndjson([...rows, row('second', 'New')]));
    const { out } = await folder.run('import', 'x.ndjson');
    const other = new ChannelsClient({
      url: service.url,
      key: await service.newKey({ namespaces: [namespace] }),
    });
    const find = (key: string) =>
      before.find(({ integration_meta }) => integration_meta?.external_id === key) as Channel;
    const [updated, second, edited] = [find('updated'), find('second'), find('edited')];
    const [notCreated] = await collect(client.all({ integration_meta: { external_id: 'not-created' } }));
    await client.delete((notCreated as Channel)._id);
    // As if another writer had created it first.
    const { _id: recreated } = await other.create({ ...contentOf(notCreated as Channel) });
    await other.update(edited._id, { name: 'Other' });
    const journal = join('.client-channels', runOf(out), 'journal.ndjson');
    const steps = parseLines(folder.read(journal));
    folder.write(journal, ndjson(steps.filter(({ step }) => step !== 'after')));
    const record = join('.client-channels', runOf(out), 'run.json');
    folder.write(record, JSON.stringify({ ...JSON.parse(folder.read(record)), finished_at: undefined }));
    const run = Run.open(folder.path, runOf(out));
    const otherId = (await other.me()).key_id;
    const shown: string[] = [];
    const progress = { wait: (text: string) => shown.push(text), show: () => {} };
    const options = { dryRun: false };

    // The key of the undo is another one than the key of the run.
    const undone = await undoRun(connectionOf(other, otherId), run, progress, options);

    expect(undone.map(({ key, result, reason }) => [key, result, reason])).toEqual([
      ['created', 'deleted', undefined],
      ['updated', 'updated', undefined],
      ['edited', 'skipped', 'It has changed since the run.'],
      ['second', 'updated', undefined],
    ]);
    expect(shown).toEqual([
      expect.stringMatching(/^Waiting \d+ s for requests of the run that may still be under way…$/),
      'Reading in the history what the run has done…',
    ]);
    const names = new Map((await storedChannels()).map(({ _id, name }) => [_id, name]));
    expect(names).toEqual(
      new Map([
        [updated._id, 'Old'],
        [second._id, 'Old'],
        [edited._id, 'Other'],
        [recreated, 'New'],
      ]),
    );
  });

  test('puts back large channels too, which do not all fit into the answer to one dry run', async () => {
    const text = 'x'.repeat(60 * 1024);
    const keys = Array.from({ length: 50 }, (_, n) => `large-${n}`);
    await seed(keys.map((each) => row(each, 'Large', { text })));
    folder.write('x.ndjson', ndjson(keys.map((each) => row(each, 'Renamed'))));
    const { out } = await folder.run('import', 'x.ndjson');
    expect(out).toMatch('0 created, 50 updated');

    expect((await folder.run('undo', runOf(out))).out).toBe('50 put back, 0 as before already, 0 skipped\n');

    expect((await storedChannels()).map(({ name }) => name)).toEqual(keys.map(() => 'Large'));
  });

  test('leaves a channel that somebody else changed between the dry run of the import and its write', async () => {
    await seed([row('a', 'A')]);
    const [channel] = (await storedChannels()) as [Channel];
    folder.write('x.ndjson', ndjson([row('a', 'B')]));
    const { out } = await folder.run('import', 'x.ndjson');
    const journal = join('.client-channels', runOf(out), 'journal.ndjson');
    // As if the dry run had seen an earlier version.
    folder.write(journal, folder.read(journal).replace('"__v":0', '"__v":-1'));

    expect(await folder.run('undo', runOf(out))).toEqual({
      code: 1,
      out: `skipped   ${channel._id}  a  "A"  Somebody else changed it at the same time as the run.\n0 put back, 0 as before already, 1 skipped\n`,
      err: '',
    });
  });

  test('leaves a channel that another writer has put in the place of the planned one before the write', async () => {
    await seed([row('a', 'Old', { note: 'old' })]);
    const [planned] = (await storedChannels()) as [Channel];
    folder.write('x.ndjson', ndjson([row('a', 'New')]));
    const { out } = await folder.run('import', 'x.ndjson');
    await client.delete(planned._id);
    const theirs = await client.create({
      name: 'Old',
      integration_meta: { external_id: 'a', note: 'theirs' },
    });
    const written = await client.update(theirs._id, { name: 'New' });
    const journal = join('.client-channels', runOf(out), 'journal.ndjson');
    // As if the row had been written to the other channel.
    const [before, sent, after] = parseLines(folder.read(journal));
    folder.write(
      journal,
      ndjson([before, sent, { ...after, rows: [{ ...after.rows[0], _id: theirs._id }] }]),
    );

    expect(await folder.run('undo', runOf(out))).toMatchObject({
      code: 1,
      out: expect.stringContaining('Somebody else changed it at the same time as the run.'),
    });
    expect(await storedChannels()).toEqual([written]);
  });

  test('of a run that --new has ended puts back what this run did, and leaves what the next run has done', async () => {
    folder.write('x.ndjson', ndjson([row('a', 'New'), row('b', 'New')]));
    const stopped = new AbortController();
    const terminal = { isInteractive: true, say: () => stopped.abort(), signal: stopped.signal };
    await folder.runWith(terminal, 'import', 'x.ndjson', '--url', service.url);
    const [first = ''] = readdirSync(join(folder.path, '.client-channels'));
    const rows = ['a', 'b'].map((each, index) => ({ index, result: 'created', key: each }));
    folder.write(join('.client-channels', first, 'journal.ndjson'), ndjson(sentSteps(rows)));
    // The first row was done. The answer did not come.
    await client.upsert([row('a', 'New')]);
    expect((await folder.run('import', 'x.ndjson', '--new')).out).toMatch(
      '1 created, 0 updated, 1 unchanged',
    );

    expect((await folder.run('undo', first)).out).toBe('1 put back, 0 as before already, 0 skipped\n');
    expect((await storedChannels()).map(({ integration_meta }) => integration_meta?.external_id)).toEqual([
      'b',
    ]);
  });

  test('in a dry run lists what it would put back, field by field, writes nothing, and does not end the run', async () => {
    await seed([row('updated', 'Old', { size: 5 }), row('deleted', 'Old'), row('edited', 'Old')]);
    const deletion = { delete: true, integration_meta: { external_id: 'deleted' } };
    const rows = [row('created', 'New'), row('updated', 'New', { size: null }), row('edited', 'New')];
    const before = new Map(
      (await storedChannels()).map(({ _id, integration_meta }) => [integration_meta?.external_id, _id]),
    );
    folder.write('x.ndjson', ndjson([...rows, deletion]));
    const { out } = await folder.run('import', 'x.ndjson');
    await client.update(before.get('edited') as string, { name: 'Edited' });
    const channels = await storedChannels();
    const record = join('.client-channels', runOf(out), 'run.json');
    const unfinished = JSON.stringify({ ...JSON.parse(folder.read(record)), finished_at: undefined });
    folder.write(record, unfinished);
    const [created] = channels.filter(({ integration_meta }) => integration_meta?.external_id === 'created');

    const planned = await folder.run('undo', runOf(out), '--dry-run');

    expect(planned).toEqual({
      code: 1,
      out: [
        `deleted   ${created?._id}  created`,
        '    name: "New" → (none)',
        '    disabled: false → (none)',
        `    company_namespace: ["${namespace}"] → (none)`,
        '    integration_meta.external_id: "created" → (none)',
        `updated   ${before.get('updated')}  updated  "Old"`,
        '    name: "New" → "Old"',
        '    integration_meta.size: (none) → 5',
        `skipped   ${before.get('edited')}  edited  "Old"  It has changed since the run.`,
        `restored  ${before.get('deleted')}  deleted  "Old"`,
        '    name: (none) → "Old"',
        '    disabled: (none) → false',
        `    company_namespace: (none) → ["${namespace}"]`,
        '    integration_meta.external_id: (none) → "deleted"',
        'Dry run, nothing was written: 3 put back, 0 as before already, 1 skipped',
        '',
      ].join('\n'),
      err: '',
    });
    expect(await storedChannels()).toEqual(channels);
    expect(folder.read(record)).toBe(unfinished);
    const listed = parseLines((await folder.run('undo', runOf(out), '--dry-run', '--json')).out);
    expect(listed.at(-1)).toEqual({
      summary: { undone: 3, unchanged: 0, skipped: 1 },
      run: runOf(out),
      dry_run: true,
    });
    const done = parseLines((await folder.run('undo', runOf(out), '--json')).out);
    expect(done.slice(0, -1)).toEqual(listed.slice(0, -1));
    expect(parseLines((await folder.run('undo', runOf(out), '--json')).out).at(-1)).toEqual({
      summary: { undone: 0, unchanged: 3, skipped: 1 },
      run: runOf(out),
    });
  });

  test('names a channel that the service refuses to put back, and goes on with the others', async () => {
    const keys = Array.from({ length: 12 }, (_, n) => `k-${n}`);
    await seed(keys.map((each) => row(each, 'Old')));
    folder.write('x.ndjson', ndjson(keys.map((each) => row(each, 'New'))));
    const { out } = await folder.run('import', 'x.ndjson');
    const [refused] = await collect(client.all({ integration_meta: { external_id: 'k-0' } }));
    // As if the rules for names had become stricter since.
    const journal = join('.client-channels', runOf(out), 'journal.ndjson');
    folder.write(journal, folder.read(journal).replace('"name":"Old"', '"name":" "'));

    const undone = await folder.run('undo', runOf(out));

    expect(undone).toMatchObject({ code: 1, err: '' });
    expect(undone.out).toMatch(
      new RegExp(`^skipped   ${refused?._id}  k-0  " "  .*\n11 put back, 0 as before already, 1 skipped\n$`),
    );
    expect((await storedChannels()).map(({ name }) => name).sort()).toEqual([
      'New',
      ...Array(11).fill('Old'),
    ]);
  });

  test('skips what the run changed more than 90 days ago, and puts back what it changed less than 90 days ago', async () => {
    await seed([row('old', 'Old'), row('recent', 'Old')]);
    folder.write('x.ndjson', ndjson([row('old', 'New'), row('recent', 'New')]));
    const { out } = await folder.run('import', 'x.ndjson');
    const journal = join('.client-channels', runOf(out), 'journal.ndjson');
    const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString();
    const [before, sent, after] = parseLines(folder.read(journal));
    const dated = after.rows.map((each: object, index: number) => ({
      ...each,
      at: daysAgo(index ? 89 : 91),
    }));
    folder.write(journal, ndjson([before, sent, { ...after, rows: dated }]));

    const undone = parseLines((await folder.run('undo', runOf(out), '--json')).out);

    expect(undone.map(({ key: each, result, reason }) => [each, result, reason]).slice(0, 2)).toEqual([
      ['old', 'skipped', 'The run changed it more than 90 days ago.'],
      ['recent', 'updated', undefined],
    ]);
    const names = (await storedChannels()).map(({ name, integration_meta }) => [
      integration_meta?.external_id,
      name,
    ]);
    expect(names.sort()).toEqual([
      ['old', 'New'],
      ['recent', 'Old'],
    ]);
  });
});
