/** @jest-environment ./test/support/one-realm-environment.ts */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Run } from '../../../client/command-line/runs/run.ts';
import { undoRun } from '../../../client/command-line/runs/undo-run.ts';
import { type Channel, ChannelsClient, type UpsertRow } from '../../../client/index.ts';
import { eventually } from '../../support/eventually.ts';
import { anId } from '../../support/matchers.ts';
import { useService } from '../../support/use-service.ts';
import { compileCommandLine } from './child-process.ts';
import { type CommandFolder, parseLines, useCommandFolders } from './in-process.ts';

const service = useService({ consumers: ['publish-events'] });
const newFolder = useCommandFolders();
/** How many channels are exported and imported. With the variable, the test prints what each command took. */
const channelCount = Number(process.env.COMMAND_LINE_CHANNELS ?? 150);
/** How many rows a bad import has. */
const badRowCount = Number(process.env.COMMAND_LINE_UNDO_ROWS ?? 100);
const timeoutMs = 300_000 + (channelCount + badRowCount) * 500;

let testNumber = 0;
let namespace: string;
let key: string;
let client: ChannelsClient;
let folder: CommandFolder;
beforeEach(async () => {
  namespace = `cli${++testNumber}`;
  key = await service.newKey({ namespaces: [namespace] });
  client = new ChannelsClient({ url: service.url, key });
  folder = newFolder({ url: service.url, key });
});

const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
};
const storedChannels = () => collect(client.all());
const seed = (rows: UpsertRow[]) => collect(client.upsertAll(rows));
const row = (external_id: string, name: string, meta = {}): UpsertRow => ({
  name,
  integration_meta: { external_id, ...meta },
});
const contentOf = ({ _id, createdAt, updatedAt, __v, ...content }: Channel) => content;
const byKey = (channels: Channel[]) =>
  channels
    .map(contentOf)
    .sort((a, b) =>
      String(a.integration_meta?.external_id).localeCompare(String(b.integration_meta?.external_id)),
    );
const ndjson = (rows: unknown[]) => rows.map((each) => `${JSON.stringify(each)}\n`).join('');
const runOf = (out: string): string => /undo (\S+)/.exec(out)?.[1] ?? '';

const values: unknown[] = [
  5,
  -1.5,
  1e21,
  true,
  false,
  '5',
  'true',
  'null',
  '1.10',
  '007',
  'a,b;c',
  'two\nlines\r\n',
  '"quoted"',
  '',
  ' ',
  'قناة',
  ['x', 1, null],
  { deep: { list: [{ a: 'b' }], n: 0.1 } },
  '{"a":1}',
  '[1',
  '-0',
  '=1+1',
];
const variedRows = (count: number): UpsertRow[] =>
  Array.from({ length: count }, (_, n) => ({
    name: `Channel ${n}, "${n % 7}"`,
    ...(n % 3 && { local_name: `قناة ${n}` }),
    disabled: n % 5 === 0,
    integration_meta: {
      external_id: n % 2 ? `k-${n}` : n,
      value: values[n % values.length],
      ...(n % 4 === 0 && { [`key ${n % 8}`]: values[(n * 7) % values.length] }),
    },
  }));

const measured = async (...args: string[]) => {
  const startedAt = performance.now();
  const printed = await folder.run(...args);
  if (process.env.COMMAND_LINE_CHANNELS)
    console.info(
      `${args.join(' ')}: ${channelCount} channels in ${Math.round(performance.now() - startedAt)} ms`,
    );
  return printed;
};

describe('an export', () => {
  test.each(['channels.ndjson', 'channels.csv'])(
    'to %s can be imported after all channels were deleted, and then writes nothing a second time',
    async (file) => {
      await seed(variedRows(channelCount));
      const before = await storedChannels();
      expect(await measured('export', '--output', file)).toEqual({ code: 0, out: '', err: '' });
      for (let start = 0; start < before.length; start += 20)
        await Promise.all(before.slice(start, start + 20).map(({ _id }) => client.delete(_id)));

      const imported = await measured('import', file);

      expect(imported).toMatchObject({ code: 0, err: '' });
      expect(imported.out).toMatch(`${channelCount} created, 0 updated, 0 unchanged, 0 deleted, 0 failed\n`);
      const after = await storedChannels();
      expect(byKey(after)).toEqual(byKey(before));
      expect((await measured('import', file)).out).toMatch(`0 created, 0 updated, ${channelCount} unchanged`);
      expect(await storedChannels()).toEqual(after);
    },
    timeoutMs,
  );

  test('has the channels in the order of their ids, with the filters of the list', async () => {
    await seed([
      row('a', 'Retail', { source: 'sap' }),
      row('b', 'Wholesale', { source: 'sap' }),
      row('c', 'Retail'),
    ]);
    const channels = await storedChannels();

    expect(await folder.run('export')).toEqual({ code: 0, out: ndjson(channels), err: '' });
    const sap = channels.filter(({ integration_meta }) => integration_meta?.source === 'sap');
    const filter = ['--integration_meta.source', 'sap'];
    expect((await folder.run('export', ...filter)).out).toBe(ndjson(sap));
    await folder.run('export', ...filter, '--output', 'sap.ndjson');
    expect(folder.read('sap.ndjson')).toBe(ndjson(sap));
    await folder.run('export', ...filter, '--output', 'sap.csv');
    const lines = sap.map(({ _id, name, integration_meta, createdAt, updatedAt }) =>
      [
        _id,
        name,
        '',
        'false',
        `"[""${namespace}""]"`,
        integration_meta?.external_id,
        'sap',
        createdAt,
        updatedAt,
        '0\n',
      ].join(','),
    );
    expect(folder.read('sap.csv')).toBe(
      `\uFEFF_id,name,local_name,disabled,company_namespace,integration_meta.external_id,integration_meta.source,createdAt,updatedAt,__v\n${lines.join('')}`,
    );
    const several = [
      '--integration_meta.external_id=a',
      '--integration_meta.external_id=c',
      '--search',
      'retail',
    ];
    expect((await folder.run('export', ...several)).out).toBe(
      ndjson(channels.filter(({ name }) => name === 'Retail')),
    );
    expect((await folder.run('export', '--disabled', 'true', '--format', 'ndjson')).out).toBe('');
  });

  test('in CSV has a column for each key of the metadata, and a byte order mark only in a file', async () => {
    await seed([row('a', 'Retail, all', { n: 5, text: '5' }), { ...row('b', 'B'), local_name: 'قناة' }]);
    const cells: Record<string, string> = {
      'Retail, all': `"Retail, all",,false,"[""${namespace}""]",a,5,"""5"""`,
      B: `B,قناة,false,"[""${namespace}""]",b,,`,
    };
    const lines = (await storedChannels()).map(
      ({ _id, name, createdAt, updatedAt }) => `${_id},${cells[name]},${createdAt},${updatedAt},0\n`,
    );
    const header =
      '_id,name,local_name,disabled,company_namespace,integration_meta.external_id,integration_meta.n,integration_meta.text,createdAt,updatedAt,__v\n';
    const csv = header + lines.join('');

    expect((await folder.run('export', '--format', 'csv')).out).toBe(csv);
    await folder.run('export', '--output', 'x.csv');
    expect(folder.read('x.csv')).toBe(`\uFEFF${csv}`);
    expect(readdirSync(folder.path)).toEqual(['x.csv']);
  });

  test('shows its progress on a terminal, and removes it before it writes to the same terminal', async () => {
    await seed(Array.from({ length: 250 }, (_, n) => row(`k-${n}`, `Name ${n}`)));
    let shown = '';
    const show = (text: string) => {
      shown += text;
    };
    const write = async (text: string) => show(text);
    const { code } = await folder.runWith(
      { isInteractive: true, say: show, write },
      'export',
      '--url',
      service.url,
    );
    const line = String.raw`\{"_id".*\}\n`;
    const clear = String.raw`\r\u001b\[K`;
    expect(code).toBe(0);
    expect(shown).toMatch(
      new RegExp(
        `^(${line}){100}${clear}100 rows${clear}(${line}){100}${clear}200 rows, \\d+ rows/s${clear}(${line}){50}$`,
      ),
    );
  });

  test('for which the disk has no room is a sentence, and leaves the file as it was', async () => {
    await seed(Array.from({ length: 50 }, (_, n) => row(`k-${n}`, `Name ${n}`)));
    folder.write('x.csv', 'old');
    const command = await compileCommandLine(folder.path);
    // Files may have 4 KiB.
    const script = `ulimit -f 8; exec ${process.execPath} ${command} export --output x.csv --url ${service.url}`;
    const options = { cwd: folder.path, env: { CHANNELS_KEY: key } };
    await expect(promisify(execFile)('sh', ['-c', script], options)).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: `The file ${join(folder.path, 'x.csv')} can't be written: it would be too large.\n`,
    });
    expect(folder.read('x.csv')).toBe('old');
    expect(readdirSync(folder.path).sort()).toEqual(['client-channels.mjs', 'x.csv']);
  });

  test('that fails leaves the file as it was', async () => {
    folder.write('x.csv', 'old');
    expect((await folder.run('export', '--output', 'x.csv', '--to__id', 'nonsense')).code).toBe(2);
    expect(folder.read('x.csv')).toBe('old');
    expect(readdirSync(folder.path)).toEqual(['x.csv']);
  });
});

describe('an import', () => {
  test('in a dry run prints what would change field by field, writes nothing, and the same then happens', async () => {
    await seed([row('a', 'A', { region: 'north' }), row('b', 'B'), row('c', 'C')]);
    const before = await storedChannels();
    folder.write(
      'x.ndjson',
      ndjson([
        { ...row('a', 'A2', { region: null, size: 5 }), local_name: 'قناة' },
        row('b', 'B'),
        { delete: true, integration_meta: { external_id: 'c' } },
        row('d', 'D'),
        row('e', ' '),
      ]),
    );

    const preview = await folder.run('import', 'x.ndjson', '--dry-run');

    const blank = 'The field "name" must not be blank: it needs at least one visible character.';
    expect(preview).toEqual({
      code: 1,
      err: '',
      out: [
        'updated    line 1  a',
        '    name: "A" → "A2"',
        '    local_name: (none) → "قناة"',
        '    integration_meta.region: "north" → (none)',
        '    integration_meta.size: (none) → 5',
        'deleted    line 3  c',
        '    name: "C" → (none)',
        '    disabled: false → (none)',
        `    company_namespace: ["${namespace}"] → (none)`,
        '    integration_meta.external_id: "c" → (none)',
        'created    line 4  d',
        '    name: (none) → "D"',
        '    disabled: (none) → false',
        `    company_namespace: (none) → ["${namespace}"]`,
        '    integration_meta.external_id: (none) → "d"',
        `failed     line 5  e  ${blank}`,
        'Dry run, nothing was written: 1 created, 1 updated, 1 unchanged, 1 deleted, 1 failed',
        '',
      ].join('\n'),
    });
    expect(await storedChannels()).toEqual(before);
    expect(existsSync(join(folder.path, '.client-channels'))).toBe(false);

    const planned = parseLines((await folder.run('import', 'x.ndjson', '--dry-run', '--json')).out);
    const done = await folder.run('import', 'x.ndjson', '--json');
    const [a, b, c] = ['a', 'b', 'c'].map((each) => before.find(({ name }) => name.toLowerCase() === each));
    expect(done.code).toBe(1);
    const rows = parseLines(done.out);
    expect(rows).toEqual([
      {
        line: 1,
        key: 'a',
        result: 'updated',
        _id: a?._id,
        __v: 1,
        changed: ['name', 'local_name', 'integration_meta'],
      },
      { line: 2, key: 'b', result: 'unchanged', _id: b?._id, __v: 0 },
      { line: 3, key: 'c', result: 'deleted', _id: c?._id, __v: 1 },
      { line: 4, key: 'd', result: 'created', _id: anId, __v: 0 },
      { line: 5, key: 'e', result: 'failed', code: 'invalid_request', error: blank },
      {
        summary: { created: 1, updated: 1, unchanged: 1, deleted: 1, failed: 1 },
        run: expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{4}$/),
        failed_rows: expect.stringMatching(/^\.client-channels\/.*\/failed\.ndjson$/),
      },
    ]);
    const withoutIds = ({ _id, __v, changes, dry_run, run, failed_rows, ...each }: Record<string, unknown>) =>
      each;
    expect(planned.map(withoutIds)).toEqual(rows.map(withoutIds));
  });

  test('writes the rows that failed into a file that can be corrected and imported', async () => {
    folder.write('x.csv', 'name;integration_meta.external_id;disabled\nA;a;\n ;b;true\nC;c;maybe\n');

    const { code, out } = await folder.run('import', 'x.csv');

    expect(code).toBe(1);
    const [, failed = ''] = /The failed rows are in (\S+)\. /.exec(out) ?? [];
    const text = folder.read(failed);
    expect(text).toMatch(
      /^\uFEFFname;integration_meta.external_id;disabled;error\n ;b;true;.*blank.*\nC;c;maybe;.*disabled.*\n$/,
    );
    folder.write(failed, text.replace(' ;b', 'B;b').replace('maybe', 'false'));
    expect((await folder.run('import', failed)).out).toMatch(
      '2 created, 0 updated, 0 unchanged, 0 deleted, 0 failed',
    );
    expect((await storedChannels()).map(({ name, disabled }) => [name, disabled]).sort()).toEqual([
      ['A', false],
      ['B', true],
      ['C', false],
    ]);
  });

  test('reads standard input, and matches by another key', async () => {
    const input = (async function* () {
      yield Buffer.from('{"name":"A","integration_me');
      yield Buffer.from('ta":{"id":7}}\n');
    })();
    const { code } = await folder.runWith(
      { input },
      'import',
      '-',
      '--match',
      'integration_meta.id',
      '--url',
      service.url,
    );
    expect(code).toBe(0);
    expect((await storedChannels()).map(contentOf)).toEqual([
      { name: 'A', disabled: false, company_namespace: [namespace], integration_meta: { id: 7 } },
    ]);
  });

  test('that was stopped and undone begins anew with the same command', async () => {
    folder.write('x.ndjson', ndjson([row('one', 'New'), row('two', 'New')]));
    const stopped = new AbortController();
    const terminal = { isInteractive: true, say: () => stopped.abort(), signal: stopped.signal };
    await folder.runWith(terminal, 'import', 'x.ndjson', '--url', service.url);
    const [id = ''] = readdirSync(join(folder.path, '.client-channels'));
    const { data } = await client.upsert([row('one', 'New')]);
    const created = { index: 0, result: 'created', key: 'one' };
    const done = { ...created, _id: data[0]?._id, __v: 0, at: new Date().toISOString() };
    folder.write(
      join('.client-channels', id, 'journal.ndjson'),
      ndjson([
        { step: 'before', rows: [created] },
        { step: 'after', rows: [done] },
      ]),
    );

    await folder.run('undo', id);
    expect(await storedChannels()).toEqual([]);
    await folder.run('import', 'x.ndjson');

    const keys = (await storedChannels()).map(({ integration_meta }) => integration_meta?.external_id);
    expect(keys.sort()).toEqual(['one', 'two']);
  });

  test('that was killed while it waited for an answer counts what its key has done, and not what others have done', async () => {
    await seed([row('updated', 'Old'), row('deleted', 'Old'), row('edited', 'Old')]);
    const other = new ChannelsClient({
      url: service.url,
      key: await service.newKey({ namespaces: [namespace] }),
    });
    const deletion = { delete: true, integration_meta: { external_id: 'deleted' } };
    const names = ['created', 'updated', 'edited', 'created-by-another', 'not-done'];
    folder.write('x.ndjson', ndjson([deletion, ...names.map((name) => row(name, 'New'))]));
    const planned = parseLines((await folder.run('import', 'x.ndjson', '--dry-run', '--json')).out);
    // The run writes its plan down, its request is carried out in part, and others do the rest of it.
    const stopped = new AbortController();
    const terminal = { isInteractive: true, say: () => stopped.abort(), signal: stopped.signal };
    await folder.runWith(terminal, 'import', 'x.ndjson', '--url', service.url);
    const [id = ''] = readdirSync(join(folder.path, '.client-channels'));
    const channels = new Map(
      (await storedChannels()).map((channel) => [channel.integration_meta?.external_id, channel]),
    );
    const rows = planned.flatMap(({ line, key: each, result }, index) => {
      if (line === undefined) return [];
      const channel = channels.get(each);
      return [{ index, result, key: each, ...(channel && { channel }) }];
    });
    folder.write(join('.client-channels', id, 'journal.ndjson'), ndjson([{ step: 'before', rows }]));
    await client.upsert([deletion, row('created', 'New'), row('updated', 'New')]);
    await other.upsert([row('edited', 'New'), row('created-by-another', 'New')]);
    // What others did after the run stays.
    await other.upsert([row('updated', 'Theirs'), row('deleted', 'Theirs')]);

    const { out } = await folder.run('import', 'x.ndjson', '--json');

    const theirs = (await storedChannels()).filter(({ name }) => name === 'Theirs');
    expect(theirs.map(({ integration_meta }) => integration_meta?.external_id).sort()).toEqual([
      'deleted',
      'updated',
    ]);

    const results = parseLines(out).map(
      ({ key: each, result, __v, summary }) => summary ?? [each, result, __v],
    );
    expect(results).toEqual([
      ['deleted', 'deleted', 1],
      ['created', 'created', 0],
      ['updated', 'updated', 1],
      ['edited', 'unchanged', 1],
      ['created-by-another', 'unchanged', 0],
      ['not-done', 'created', 0],
      { created: 2, updated: 1, unchanged: 2, deleted: 1, failed: 0 },
    ]);
  });

  test('of a file that is wrong anywhere writes nothing, also for the lines before, and exits with 2', async () => {
    folder.write('x.csv', `name,integration_meta.external_id\nA,a\nB,b,c\n`);
    expect(await folder.run('import', 'x.csv')).toEqual({
      code: 2,
      out: '',
      err: 'Line 3: The line has 3 cells, and the header has 2. Cells are separated by commas. A cell that contains the separator stands in quotes.\n',
    });
    expect(await storedChannels()).toEqual([]);
    expect(existsSync(join(folder.path, '.client-channels'))).toBe(false);
  });
});

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
      expect(lines.at(-1)).toBe(`${badRowCount - 17} channels are as before the run, 20 skipped`);
      expect(
        lines
          .slice(0, -1)
          .map((line) => /^skipped {2}(\S+) .*It has changed since the run\.$/.exec(line)?.[1])
          .sort(),
      ).toEqual(changed.map(({ _id }) => _id).sort());
      const expected = new Map([...before, ...changed].map((channel) => [channel._id, contentOf(channel)]));
      const after = await storedChannels();
      expect(new Map(after.map((channel) => [channel._id, contentOf(channel)]))).toEqual(expected);
      expect(await folder.run('undo', runOf(imported.out))).toEqual(undone);
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
    folder.write(journal, ndjson(steps.filter(({ step }) => step === 'before')));
    const run = Run.open(folder.path, runOf(out));
    const keyId = (await client.me()).key_id;

    const undone = await undoRun({ client, keyId, signal: new AbortController().signal }, run, () => {}, 0);

    expect(undone.map(({ key, result, reason }) => [key, result, reason])).toEqual([
      ['created', 'undone', undefined],
      ['updated', 'undone', undefined],
      ['edited', 'skipped', 'It has changed since the run.'],
      ['second', 'undone', undefined],
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

    expect((await folder.run('undo', runOf(out))).out).toBe('50 channels are as before the run, 0 skipped\n');

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
      out: `skipped  ${channel._id}  a  "A"  Somebody else changed it at the same time as the run.\n0 channels are as before the run, 1 skipped\n`,
      err: '',
    });
  });
});

describe('history and restore', () => {
  test('show the versions of a channel, newest first, and bring it back', async () => {
    const { _id } = await client.create({ name: 'A', integration_meta: { external_id: 'a' } });
    await client.update(_id, { name: 'B', integration_meta: { external_id: 'a', n: 1 } });
    await client.delete(_id);
    const { key_id } = await client.me();
    const time = String.raw`\S{24}`;
    const text = [
      `version 2  ${time}  deleted by ${key_id}`,
      `version 1  ${time}  updated by ${key_id}`,
      '    name: "A" → "B"',
      String.raw`    integration_meta.n: \(none\) → 1`,
      `version 0  ${time}  created by ${key_id}`,
    ];

    await eventually(async () => {
      const { code, out } = await folder.run('history', _id);
      expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(`^${text.join('\n')}\n$`) });
    });
    const versions = parseLines((await folder.run('history', _id, '--json')).out);
    expect(versions).toEqual(await collect(client.history(_id)));
    expect(await folder.run('restore', _id)).toEqual({
      code: 0,
      out: `The channel ${_id} "B" is back.\n`,
      err: '',
    });
    expect(await folder.run('restore', _id)).toEqual({
      code: 0,
      out: `The channel ${_id} "B" was not deleted. It stays as it is.\n`,
      err: '',
    });
    expect(parseLines((await folder.run('restore', _id, '--json')).out)).toEqual([await client.get(_id)]);
  });
});

describe('a command', () => {
  test.each([
    'export',
    'import',
    'sync',
    'history',
    'restore',
    'undo',
  ])('%s explains itself with examples', async (name) => {
    const { code, out, err } = await folder.run(name, '--help', '--no-such-option');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      new RegExp(`^Usage: client-channels ${name} [^]*\nExamples:\n  client-channels ${name} `),
    );
  });

  test.each([
    [[], /^Usage: client-channels/],
    [['import'], /^The argument <file> is missing\.\n$/],
    [['import', 'a', 'b'], /^Unexpected argument "b"\.\n$/],
    [
      ['import', 'a', '--match', 'name'],
      /^--match is integration_meta\.external_id or integration_meta\.id, not "name"\.\n$/,
    ],
    [['export', '--no-such-option'], /^There is no option --no-such-option\.\n$/],
    [['export', '--disabled', 'maybe'], /^--disabled is true or false, not "maybe"\.\n$/],
    [['export', '--from__id', 'x'], /^The cursor is not valid/],
    [['export', '--integration_meta.external_id', ''], /integration_meta\.external_id/],
    [['sync', 'a'], /^--where is a path in the metadata/],
    [['sync', 'a', '--where', 'integration_meta.a=b', '--max-deletes', 'x'], /^--max-deletes is a number/],
    [['undo', 'none'], /^There is no run none in /],
  ])('that is wrong exits with 2 and one sentence: %j', async (args, message) => {
    const [command, ...others] = args;
    const printed = command ? await folder.run(command, ...others) : await folder.runWith({});
    expect(printed).toEqual({ code: 2, out: '', err: expect.stringMatching(message) });
  });

  test.each([
    'history',
    'restore',
  ])('%s exits with 1 if there is no such channel, and says how to find its id', async (name) => {
    const id = '65f0a1b2c3d4e5f601234567';
    const sentence = (given: string) =>
      `The namespace ${namespace} has no channel with the _id ${given}, and had none within 90 days.`;
    expect(await folder.run(name, id)).toEqual({ code: 1, out: '', err: `${sentence(id)}\n` });
    expect(await folder.run(name, '1001')).toEqual({
      code: 1,
      out: '',
      err: `${sentence('1001')} An _id has 24 hex digits. To find it by the external id: client-channels export --integration_meta.external_id 1001\n`,
    });
  });

  test('sync says in its own words that a channel is outside --where, also in a dry run', async () => {
    await seed([row('a', 'A', { source: 'other' })]);
    folder.write('x.ndjson', ndjson([row('a', 'A2')]));
    const sync = ['sync', 'x.ndjson', '--where', 'integration_meta.source=sap'];
    const failed =
      'failed     line 1  a  The channel with this key has another value at integration_meta.source than "sap", or none. A sync changes only channels that --where selects.\n';
    expect((await folder.run(...sync, '--dry-run')).out).toMatch(failed);
    expect((await folder.run(...sync)).out).toMatch(failed);
  });

  test('exits with 2 without a key, and with 4 if the key is refused, also for a lack of scope', async () => {
    const run = (CHANNELS_KEY: string | undefined, ...args: string[]) =>
      folder.runWith({ env: { CHANNELS_KEY } }, ...args, '--url', service.url);
    folder.write('x.ndjson', ndjson([row('a', 'A')]));
    const reader = await service.newKey({ namespaces: [namespace], scopes: ['channels:read'] });

    expect(await run(undefined, 'export')).toMatchObject({
      code: 2,
      err: expect.stringContaining('CHANNELS_KEY'),
    });
    expect(await run('nonsense', 'export')).toEqual({
      code: 4,
      out: '',
      err: 'The service refused the API key. It is unknown, revoked or expired, or belongs to another environment. Check --key or CHANNELS_KEY, and --url.\n',
    });
    expect(await run(reader, 'import', 'x.ndjson')).toEqual({
      code: 4,
      out: '',
      err: 'This API key lacks the scope "channels:write".\n',
    });
    const two = await service.newKey({ namespaces: [namespace, 'second'] });
    expect(await run(two, 'export', '--namespace', 'foreign')).toEqual({
      code: 4,
      out: '',
      err: `The API key does not hold the namespace "foreign". It holds ${namespace}, second.\n`,
    });
    expect(await run(two, 'export', '--namespace', 'second')).toMatchObject({ code: 0 });
    expect(await run('nonsense', 'export', '--key', key)).toMatchObject({ code: 0 });
  });

  test('exits with 3 if the service can not be reached', async () => {
    expect(await folder.runWith({}, 'export', '--url', 'http://127.0.0.1:9')).toEqual({
      code: 3,
      out: '',
      err: expect.stringMatching(
        /^There is no response from http:\/\/127\.0\.0\.1:9 .*Then run the same command again\.\n$/,
      ),
    });
  });

  test('that is interrupted exits with 3, and goes on when it is run again', async () => {
    const interruption = new AbortController();
    folder.write('x.ndjson', ndjson(Array.from({ length: 250 }, (_, n) => row(`k-${n}`, `Name ${n}`))));
    let said = '';
    const say = (text: string) => {
      said += text;
      if (said.includes('100 of 250')) interruption.abort();
    };
    const terminal = { isInteractive: true, say, signal: interruption.signal };

    const interrupted = await folder.runWith(terminal, 'import', 'x.ndjson', '--url', service.url);

    expect(interrupted).toMatchObject({ code: 3, out: '' });
    expect(said).toMatch(
      /100 of 250 rows, \d+ rows\/s, \d+ s left.*Interrupted\. Run the same command again\.\n$/s,
    );
    expect(await storedChannels()).toHaveLength(100);
    const { out } = await folder.run('import', 'x.ndjson');
    expect(out).toMatch('250 created, 0 updated, 0 unchanged, 0 deleted, 0 failed\n');
    expect(readdirSync(join(folder.path, '.client-channels'))).toHaveLength(1);
  });
});
