/** @jest-environment ./test/support/one-realm-environment.ts */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readRows } from '../../../client/command-line/files/read-rows.ts';
import { applyRows } from '../../../client/command-line/runs/apply-rows.ts';
import { deleteChannels } from '../../../client/command-line/runs/delete-channels.ts';
import { doRun, type Work } from '../../../client/command-line/runs/do-run.ts';
import { Journal } from '../../../client/command-line/runs/journal.ts';
import { Run } from '../../../client/command-line/runs/run.ts';
import { undoRun } from '../../../client/command-line/runs/undo-run.ts';
import type { Terminal } from '../../../client/command-line/terminal.ts';
import { type Channel, ChannelsClient, ChannelsError, type UpsertRow } from '../../../client/index.ts';
import { eventually } from '../../support/eventually.ts';
import { anId } from '../../support/matchers.ts';
import { useService } from '../../support/use-service.ts';
import { compileCommandLine, startCommand } from './child-process.ts';
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

const connectionOf = (of: ChannelsClient, keyId: string) => ({
  client: of,
  keyId,
  signal: new AbortController().signal,
});
/** Begins a command, and stops it after it has written down that it begins. */
const stopAtOnce = (...args: string[]) => {
  const stopped = new AbortController();
  const say = (text: string) => {
    if (/\d of \d/.test(text)) stopped.abort();
  };
  const terminal = { isInteractive: true, say, signal: stopped.signal };
  return folder.runWith(terminal, ...args, '--url', service.url);
};

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

/** Runs a command, and counts its requests. */
const measured = async (...args: string[]) => {
  const requests = jest.spyOn(globalThis, 'fetch');
  const startedAt = performance.now();
  const printed = await folder.run(...args);
  const calls = requests.mock.calls.length;
  requests.mockRestore();
  if (process.env.COMMAND_LINE_CHANNELS)
    console.info(
      `${args.join(' ')}: ${channelCount} channels, ${calls} requests, ${Math.round(performance.now() - startedAt)} ms`,
    );
  return { printed, calls };
};

describe('an export', () => {
  test.each(['channels.ndjson', 'channels.csv'])(
    'to %s can be imported after all channels were deleted, and then writes nothing a second time',
    async (file) => {
      await seed(variedRows(channelCount));
      const before = await storedChannels();
      expect(await folder.run('export', '--output', file)).toEqual({ code: 0, out: '', err: '' });
      for (let start = 0; start < before.length; start += 20)
        await Promise.all(before.slice(start, start + 20).map(({ _id }) => client.delete(_id)));

      const imported = await folder.run('import', file);

      expect(imported).toMatchObject({ code: 0, err: '' });
      expect(imported.out).toMatch(`${channelCount} created, 0 updated, 0 unchanged, 0 deleted, 0 failed\n`);
      const after = await storedChannels();
      expect(byKey(after)).toEqual(byKey(before));
      expect((await folder.run('import', file)).out).toMatch(
        `0 created, 0 updated, ${channelCount} unchanged`,
      );
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
        run: expect.stringMatching(/^\d{8}-\d{9}-[0-9a-f]{4}$/),
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

  test('for which the disk has no room is a sentence, and goes on when there is room again', async () => {
    folder.write('x.ndjson', ndjson(Array.from({ length: 120 }, (_, n) => row(`k-${n}`, `Name ${n}`))));
    const command = await compileCommandLine(folder.path);
    // Files may have 4 KiB: only a part of the first step of the journal fits.
    const script = `ulimit -f 8; exec ${process.execPath} ${command} import x.ndjson --url ${service.url}`;
    const options = { cwd: folder.path, env: { CHANNELS_KEY: key } };

    await expect(promisify(execFile)('sh', ['-c', script], options)).rejects.toMatchObject({
      code: 3,
      stdout: '',
      stderr: "A file of the run can't be written: it would be too large. Run the same command again.\n",
    });

    expect(await folder.run('import', 'x.ndjson')).toMatchObject({
      code: 0,
      out: expect.stringContaining('120 created, 0 updated, 0 unchanged, 0 deleted, 0 failed\n'),
    });
    expect(await storedChannels()).toHaveLength(120);
  });

  test('reads standard input, and matches by another key', async () => {
    const input = Readable.from([Buffer.from('{"name":"A","integration_me'), Buffer.from('ta":{"id":7}}\n')]);
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

  test('that was killed counts what its key has done to a channel that another writer has put in the place of the planned one', async () => {
    const recreated = (await client.upsert([row('recreated', 'Old')])).data[0]?.channel;
    const other = new ChannelsClient({
      url: service.url,
      key: await service.newKey({ namespaces: [namespace] }),
    });
    folder.write('x.ndjson', ndjson([row('recreated', 'New'), row('taken', 'New')]));
    const stopped = new AbortController();
    const terminal = { isInteractive: true, say: () => stopped.abort(), signal: stopped.signal };
    await folder.runWith(terminal, 'import', 'x.ndjson', '--url', service.url);
    const [id = ''] = readdirSync(join(folder.path, '.client-channels'));
    const planned = [
      { index: 0, result: 'updated', key: 'recreated', channel: recreated },
      { index: 1, result: 'created', key: 'taken' },
    ];
    folder.write(join('.client-channels', id, 'journal.ndjson'), ndjson([{ step: 'before', rows: planned }]));
    // Between the dry run and the write, the other writer deletes one channel, and creates the other.
    await other.upsert([
      { delete: true, integration_meta: { external_id: 'recreated' } },
      row('taken', 'Theirs'),
    ]);
    await client.upsert([row('recreated', 'New'), row('taken', 'New')]);
    await other.upsert([row('recreated', 'Later'), row('taken', 'Later')]);

    const { out } = await folder.run('import', 'x.ndjson', '--json');

    expect(
      parseLines(out).map(({ key: each, result, __v, summary }) => summary ?? [each, result, __v]),
    ).toEqual([
      ['recreated', 'created', 0],
      ['taken', 'updated', 1],
      { created: 1, updated: 1, unchanged: 0, deleted: 0, failed: 0 },
    ]);
    expect((await storedChannels()).map(({ name }) => name)).toEqual(['Later', 'Later']);
  });

  test('goes on with rows that failed for a moment only, counts what its key has done, and leaves what others did since', async () => {
    await seed([row('updated', 'Old'), row('updated-late', 'Old')]);
    const names = ['created', 'created-late', 'updated', 'updated-late', 'not-done', 'wrong'];
    folder.write('x.ndjson', ndjson(names.map((each) => row(each, each === 'wrong' ? ' ' : 'New'))));
    /** The service can not finish any row in time. It does some of them before it answers. */
    class Slow extends ChannelsClient {
      override async *upsertAll(...[rows, options]: Parameters<ChannelsClient['upsertAll']>) {
        if (options?.dryRun) return yield* super.upsertAll(rows, options);
        let index = 0;
        for await (const each of rows) {
          if (!/late|not/.test(String(each.integration_meta.external_id))) await client.upsert([each]);
          const error = 'The row could not be finished.';
          yield { index: index++, row: each, result: 'failed' as const, code: 'unavailable' as const, error };
        }
      }
    }
    const match = 'integration_meta.external_id';
    const terminal = { folder: folder.path } as Terminal;
    const file = await readRows('x.ndjson', { format: undefined, match, json: false }, terminal);
    const { key_id } = await client.me();
    const slow = connectionOf(new Slow({ url: service.url, key }), key_id);
    const identity = { command: 'import', url: service.url, namespace, key_id, match } as const;
    let [out, err] = ['', ''];
    const work: Work = {
      identity,
      name: 'x.ndjson',
      file,
      apply: (journal, onProgress) => applyRows(slow, journal, file.rows, { match }, onProgress),
    };
    const write = async (text: string) => {
      out += text;
    };
    const say = (text: string) => {
      err += text;
    };

    const code = await doRun(work, { new: false, json: false }, { ...terminal, write, say });

    const [id = ''] = readdirSync(join(folder.path, '.client-channels'));
    expect({ code, err }).toEqual({
      code: 3,
      err: '3 of the failed rows can succeed later, or may be done. Run the same command again.\n',
    });
    expect(out.split('\n').slice(0, 3)).toEqual(
      [
        ['2  created-late', 'The row could not be finished.'],
        ['4  updated-late', 'The row could not be finished.'],
        ['5  not-done', 'The row could not be finished.'],
      ].map(([place, reason]) => `failed     line ${place}  ${reason}`),
    );
    expect(out).toMatch('\n1 created, 1 updated, 0 unchanged, 0 deleted, 4 failed\n');
    expect(parseLines(folder.read(join('.client-channels', id, 'failed.ndjson')))).toMatchObject([
      { integration_meta: { external_id: 'wrong' } },
    ]);

    // The service finishes some of the rows after its answer. Others then change these channels.
    await client.upsert([row('created-late', 'New'), row('updated-late', 'New')]);
    const other = new ChannelsClient({
      url: service.url,
      key: await service.newKey({ namespaces: [namespace] }),
    });
    await other.upsert([row('created-late', 'Theirs'), row('updated-late', 'Theirs')]);
    const again = await folder.run('import', 'x.ndjson');

    expect(again).toMatchObject({
      code: 1,
      err: `Goes on with the run ${id}, which stopped after 3 of 6 rows. With --new, the command begins anew.\n`,
    });
    expect(again.out).toMatch('3 created, 2 updated, 0 unchanged, 0 deleted, 1 failed\n');
    const stored = (await storedChannels()).map((each) => [each.integration_meta?.external_id, each.name]);
    expect(stored.sort()).toEqual([
      ['created', 'New'],
      ['created-late', 'Theirs'],
      ['not-done', 'New'],
      ['updated', 'New'],
      ['updated-late', 'Theirs'],
    ]);
  });

  test('that is started several times at once is done by one process', async () => {
    const program = await compileCommandLine(folder.path);
    folder.write('x.ndjson', ndjson(Array.from({ length: 120 }, (_, n) => row(`k-${n}`, `Name ${n}`))));
    const target = { folder: folder.path, key, url: service.url };

    const started = [1, 2, 3].map(() => startCommand(program, ['import', 'x.ndjson'], target).ended);

    const ended = await Promise.all(started);
    const done = ended.filter(({ code }) => code === 0);
    // One that starts after another has ended finds nothing to change.
    expect(
      done
        .map(({ out }) => out.split(' created')[0])
        .sort()
        .at(-1),
    ).toBe('120');
    for (const { code, out, err } of ended.filter((each) => !done.includes(each)))
      expect({ code, out, err }).toEqual({
        code: 3,
        out: '',
        err: expect.stringMatching(
          /^(The process \d+|Another process) works on this run: wait until it has ended\./,
        ),
      });
    expect(readdirSync(join(folder.path, '.client-channels'))).toHaveLength(done.length);
    expect(await storedChannels()).toHaveLength(120);
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
      expect(lines.at(-1)).toBe(
        `${badRowCount - 17} channels put back, 0 were as before already, 20 skipped`,
      );
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
        `0 channels put back, ${badRowCount - 17} were as before already, 20 skipped\n`,
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
    folder.write(journal, ndjson(steps.filter(({ step }) => step === 'before')));
    const run = Run.open(folder.path, runOf(out));
    const otherId = (await other.me()).key_id;
    const shown: string[] = [];
    const progress = { wait: (text: string) => shown.push(text), show: () => {} };
    const options = { dryRun: false, waitMs: 0 };

    // The key of the undo is another one than the key of the run.
    const undone = await undoRun(connectionOf(other, otherId), run, progress, options);

    expect(undone.map(({ key, result, reason }) => [key, result, reason])).toEqual([
      ['created', 'deleted', undefined],
      ['updated', 'updated', undefined],
      ['edited', 'skipped', 'It has changed since the run.'],
      ['second', 'updated', undefined],
    ]);
    expect(shown).toEqual([
      'Waiting 0 s for requests of the run that may still be under way…',
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

    expect((await folder.run('undo', runOf(out))).out).toBe(
      '50 channels put back, 0 were as before already, 0 skipped\n',
    );

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
      out: `skipped   ${channel._id}  a  "A"  Somebody else changed it at the same time as the run.\n0 channels put back, 0 were as before already, 1 skipped\n`,
      err: '',
    });
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
        'Dry run, nothing was written: 3 channels put back, 0 were as before already, 1 skipped',
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
      new RegExp(
        `^skipped   ${refused?._id}  k-0  " "  .*\n11 channels put back, 0 were as before already, 1 skipped\n$`,
      ),
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
    const [before, after] = parseLines(folder.read(journal));
    const dated = after.rows.map((each: object, index: number) => ({
      ...each,
      at: daysAgo(index ? 89 : 91),
    }));
    folder.write(journal, ndjson([before, { ...after, rows: dated }]));

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

describe('a sync', () => {
  const where = ['--where', 'integration_meta.source=sap'];
  const sap = (n: number) => row(`k-${n}`, `Name ${n}`, { source: 'sap' });
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

  test('that is refused for its deletions names the first of them, and its dry run shows all that it would do', async () => {
    await seed(range(0, 20).map(sap));
    const before = await storedChannels();
    folder.write('x.ndjson', ndjson([...range(12, 20).map(sap), row('new', 'New')]));
    const deleted = before.filter(({ name }) => Number(name.slice(5)) < 12);
    const named = deleted.map(({ name, integration_meta }) => [integration_meta?.external_id, name]);
    const err = [
      'This would delete 12 of the 20 channels that --where selects:',
      ...named.slice(0, 10).map(([each, name]) => `  ${each}  "${name}"`),
      '  … and 2 more',
      '--max-deletes allows 2. This command wrote nothing. With --dry-run, it shows all that it would do.',
      '',
    ].join('\n');
    let said = '';
    const say = (text: string) => {
      said += text;
    };

    const planned = await folder.run('sync', 'x.ndjson', ...where, '--dry-run');

    expect(planned).toMatchObject({ code: 1, err });
    expect(planned.out).toMatch(/^created .* 1 created, 0 updated, 8 unchanged, 12 deleted, 0 failed\n$/s);
    for (const [each] of named) expect(planned.out).toMatch(`deleted    ${each}\n`);
    const url = ['--url', service.url];
    expect(
      await folder.runWith({ isInteractive: true, say }, 'sync', 'x.ndjson', ...where, ...url),
    ).toMatchObject({ code: 1, out: '' });
    expect(said).toBe(`\r\u001B[KReading the channels of the selection…\r\u001B[K${err}`);
    expect(await storedChannels()).toEqual(before);
    expect(readdirSync(join(folder.path, '.client-channels'))).toEqual([]);
  });

  test('that goes on is held to the --max-deletes of the command that goes on', async () => {
    await seed(range(0, 20).map(sap));
    folder.write('x.ndjson', ndjson(range(4, 20).map(sap)));
    const limitedTo = (limit: string) => ['sync', 'x.ndjson', ...where, '--max-deletes', limit];
    expect((await stopAtOnce(...limitedTo('4'))).code).toBe(3);

    const refused = await folder.run(...limitedTo('3'));

    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /^Goes on with the run \S+, which stopped after 0 of 20 rows\. .*\nThis would delete 4 of the 20 channels/,
    );
    expect(await storedChannels()).toHaveLength(20);
    expect((await folder.run(...limitedTo('4'))).out).toMatch('16 unchanged, 4 deleted, 0 failed\n');
  });

  test('does not take a deletion that other writers are ahead of for a failed one, and tries it again', async () => {
    const channels = [await client.create({ name: 'A' }), await client.create({ name: 'B' })];
    class Busy extends ChannelsClient {
      override async delete(...args: Parameters<ChannelsClient['delete']>) {
        if (args[0] === channels[1]?._id) {
          const body = { code: 'conflict', error: 'Written concurrently.' } as const;
          throw new ChannelsError(new Response(null, { status: 409 }), body);
        }
        return super.delete(...args);
      }
    }
    const journal = new Journal(join(folder.path, 'journal.ndjson'));
    const rows = channels.map((channel, index) => ({ index, result: 'deleted' as const, channel }));
    journal.append({ step: 'deletions', selected: 2, rows });
    const { key_id } = await client.me();
    const deleteWith = (of: ChannelsClient) =>
      deleteChannels(
        connectionOf(of, key_id),
        journal,
        () => true,
        () => {},
      );

    await deleteWith(new Busy({ url: service.url, key }));

    expect([...journal.outcomes.keys()]).toEqual([0]);
    expect([...journal.open.values()]).toMatchObject([{ index: 1, code: 'conflict' }]);
    await deleteWith(client);
    expect([...journal.outcomes.values()].map(({ result }) => result)).toEqual(['deleted', 'deleted']);
    expect(journal.summary).toMatchObject({ deleted: 2, failed: 0 });
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
    const { out, err } = await folder.run('import', 'x.ndjson');
    const [id] = readdirSync(join(folder.path, '.client-channels'));
    expect(err).toBe(
      `Goes on with the run ${id}, which stopped after 100 of 250 rows. With --new, the command begins anew.\n`,
    );
    expect(out).toBe(
      `250 created, 0 updated, 0 unchanged, 0 deleted, 0 failed\nTo put back what was changed: client-channels undo ${id}\n`,
    );
    expect(readdirSync(join(folder.path, '.client-channels'))).toEqual([id]);
    expect((await folder.run('import', 'x.ndjson')).out).toBe(
      '0 created, 0 updated, 250 unchanged, 0 deleted, 0 failed\n',
    );
  });

  test('that was interrupted begins anew with --new, and the interrupted run can be undone', async () => {
    folder.write('x.ndjson', ndjson(Array.from({ length: 150 }, (_, n) => row(`k-${n}`, 'Name'))));
    const interruption = new AbortController();
    const say = (text: string) => {
      if (text.includes('100 of 150')) interruption.abort();
    };
    const terminal = { isInteractive: true, say, signal: interruption.signal };
    await folder.runWith(terminal, 'import', 'x.ndjson', '--url', service.url);
    const [stopped = ''] = readdirSync(join(folder.path, '.client-channels'));

    const { out, err } = await folder.run('import', 'x.ndjson', '--new');

    expect({ out, err }).toEqual({
      out: `50 created, 0 updated, 100 unchanged, 0 deleted, 0 failed\nTo put back what was changed: client-channels undo ${runOf(out)}\n`,
      err: '',
    });
    expect((await folder.run('undo', stopped)).out).toBe(
      '100 channels put back, 0 were as before already, 0 skipped\n',
    );
    expect(await storedChannels()).toHaveLength(50);
  });
});

test(
  'the commands need few requests: one or two for each 100 rows, and two for each channel that is put back',
  async () => {
    const rows = Array.from({ length: channelCount }, (_, n) => row(`k-${n}`, 'Old', { source: 'sap' }));
    const renamed = (every: number) => rows.map((each, n) => (n % every ? each : { ...each, name: 'New' }));
    const batches = Math.ceil(channelCount / 100);
    const summary = (created: number, updated: number) =>
      `${created} created, ${updated} updated, ${channelCount - created - updated} unchanged, 0 deleted, 0 failed`;
    folder.write('rows.ndjson', ndjson(rows));
    folder.write('some.ndjson', ndjson(renamed(20)));
    folder.write('half.ndjson', ndjson(renamed(2)));

    // The first request of each command is GET /me.
    const created = await measured('import', 'rows.ndjson');
    expect(created.printed.out).toMatch(summary(channelCount, 0));
    expect(created.calls).toBe(1 + 2 * batches);
    const unchanged = await measured('import', 'rows.ndjson');
    expect(unchanged.printed.out).toMatch(summary(0, 0));
    expect(unchanged.calls).toBe(1 + batches);
    const exported = await measured('export', '--output', 'export.csv');
    expect(exported.calls).toBe(1 + batches);
    const synced = await measured('sync', 'some.ndjson', '--where', 'integration_meta.source=sap');
    expect(synced.printed.out).toMatch(summary(0, Math.ceil(channelCount / 20)));
    expect(synced.calls).toBe(1 + 3 * batches);
    await folder.run('import', 'rows.ndjson');
    const half = await measured('import', 'half.ndjson');
    const undone = await measured('undo', runOf(half.printed.out));
    expect(undone.printed).toMatchObject({ code: 0 });
    expect(undone.calls).toBe(1 + 2 * Math.ceil(channelCount / 2));
  },
  timeoutMs,
);
