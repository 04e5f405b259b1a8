/** @jest-environment ./test/support/one-realm-environment.ts */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { readRows } from '../../../client/command-line/files/read-rows.ts';
import { applyRows } from '../../../client/command-line/runs/apply-rows.ts';
import { doRun, type Work } from '../../../client/command-line/runs/do-run.ts';
import { Journal } from '../../../client/command-line/runs/journal.ts';
import { findUnrecorded } from '../../../client/command-line/runs/own-change.ts';
import type { Terminal } from '../../../client/command-line/terminal.ts';
import { ChannelsClient } from '../../../client/index.ts';
import { defaultMatch, type UpsertAnswer } from '../../../client/upsert.ts';
import { anId } from '../../support/matchers.ts';
import { useService } from '../../support/use-service.ts';
import { compileCommandLine, startCommand } from './child-process.ts';
import {
  ageRequests,
  type Company,
  connectionOf,
  ndjson,
  newClient,
  row,
  sentSteps,
  useCompanies,
} from './companies.ts';
import { parseLines } from './in-process.ts';
import { contentOf } from './run-oracle.ts';

const service = useService({ consumers: ['publish-events'] });
const newCompany = useCompanies(service);
let { namespace, key, client, folder, storedChannels, seed } = {} as Company;
beforeEach(async () => {
  ({ namespace, key, client, folder, storedChannels, seed } = await newCompany());
});

/** What an import of `x.ndjson` works with. Its journal is empty. */
const beginByHand = async (of: ChannelsClient) => {
  const terminal = { folder: folder.path } as Terminal;
  const file = await readRows('x.ndjson', { format: undefined, match: defaultMatch, json: false }, terminal);
  const connection = connectionOf(of, (await client.me()).key_id);
  return { connection, file, journal: new Journal(join(folder.path, 'journal.ndjson')) };
};

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
    folder.write(join('.client-channels', id, 'journal.ndjson'), ndjson(sentSteps(rows)));
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
    folder.write(join('.client-channels', id, 'journal.ndjson'), ndjson(sentSteps(planned)));
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
      override async upsert(...[rows, options]: Parameters<ChannelsClient['upsert']>): Promise<UpsertAnswer> {
        if (options?.dryRun) return super.upsert(rows, options);
        for (const each of rows)
          if (!/late|not/.test(String(each.integration_meta.external_id))) await client.upsert([each]);
        const error = 'The row could not be finished.';
        const data = rows.map(
          (_, index) => ({ index, result: 'failed', code: 'unavailable', error }) as const,
        );
        return { data, summary: { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: rows.length } };
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
      connection: slow,
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
    ageRequests(folder.path);
    const again = await folder.run('import', 'x.ndjson');

    expect(again).toMatchObject({
      code: 1,
      err: `Goes on with the run ${id}, which has the answers for 3 of 6 rows. With --new, the command begins anew.\n`,
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

  test('that lost the answer to a request does not send again what is done, because others may have changed it since', async () => {
    await seed([row('updated', 'Old')]);
    const other = await newClient(service, namespace);
    folder.write('x.ndjson', ndjson([row('created', 'New'), row('updated', 'New'), row('not-done', 'New')]));
    let isLost = false;
    /** A part of the first request is done. Its answer is lost, and another writer comes before the next request. */
    const send: typeof fetch = async (url, init) => {
      const body = JSON.parse(`${init?.body ?? '{}'}`);
      if (isLost || !body.channels || body.dry_run) return fetch(url, init);
      isLost = true;
      await fetch(url, { ...init, body: JSON.stringify({ ...body, channels: body.channels.slice(0, 2) }) });
      await other.upsert([row('created', 'Theirs'), row('updated', 'Theirs')]);
      throw new TypeError('fetch failed', { cause: new Error('reset') });
    };
    const { connection, file, journal } = await beginByHand(
      new ChannelsClient({ url: service.url, key, fetch: send }),
    );

    await applyRows(connection, journal, file.rows, {}, () => {});

    expect(journal.summary).toEqual({ created: 2, updated: 1, unchanged: 0, deleted: 0, failed: 0 });
    expect(
      new Map((await storedChannels()).map((each) => [each.integration_meta?.external_id, each.name])),
    ).toEqual(
      new Map([
        ['updated', 'Theirs'],
        ['created', 'Theirs'],
        ['not-done', 'New'],
      ]),
    );
  });

  test('that was killed does not count what its key has done before or long after its requests', async () => {
    const { _id: early } = await client.create({ name: 'Old', integration_meta: { external_id: 'early' } });
    await client.delete(early);
    const late = await client.create({ name: 'Old', integration_meta: { external_id: 'late' } });
    folder.write('x.ndjson', ndjson([row('early', 'New'), row('late', 'New')]));
    const { connection, file, journal } = await beginByHand(client);
    const planned = [
      { index: 0, result: 'created' as const, key: 'early' },
      { index: 1, result: 'updated' as const, key: 'late', channel: late },
    ];
    journal.append({ step: 'before', rows: planned });
    // The early channel was created an hour before the first request, and the late one is changed an hour after the second one.
    const hoursFromNow = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    journal.append({ step: 'sent', rows: [0], at: hoursFromNow(1) });
    journal.append({ step: 'sent', rows: [1], at: hoursFromNow(-1) });
    await client.restore(early);
    await client.upsert([row('late', 'Corrected')]);

    expect(await findUnrecorded(connection, journal, defaultMatch, { wait: () => {} })).toEqual([]);
    await applyRows(connection, journal, file.rows, {}, () => {});

    expect(journal.summary).toEqual({ created: 0, updated: 2, unchanged: 0, deleted: 0, failed: 0 });
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
