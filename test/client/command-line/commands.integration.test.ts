/** @jest-environment ./test/support/one-realm-environment.ts */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { useService } from '../../support/use-service.ts';
import { compileCommandLine } from './child-process.ts';
import { type Company, collect, ndjson, row, runOf, useCompanies } from './companies.ts';
import { parseLines } from './in-process.ts';

const service = useService({ consumers: ['publish-events'] });
const newCompany = useCompanies(service);
let { namespace, key, client, folder, storedChannels, seed } = {} as Company;
beforeEach(async () => {
  ({ namespace, key, client, folder, storedChannels, seed } = await newCompany());
});
/** How many channels are exported and imported. With the variable, the test prints what each command took. */
const channelCount = Number(process.env.COMMAND_LINE_CHANNELS ?? 150);
const timeoutMs = 300_000 + channelCount * 500;

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

  test('restore works with a key that may not read channels', async () => {
    const { _id } = await client.create({ name: 'A' });
    await client.delete(_id);
    const CHANNELS_KEY = await service.newKey({ namespaces: [namespace], scopes: ['channels:write'] });

    const restored = await folder.runWith({ env: { CHANNELS_KEY } }, 'restore', _id, '--url', service.url);

    expect(restored).toEqual({ code: 0, out: `The channel ${_id} "A" is there.\n`, err: '' });
    expect(await client.get(_id)).toMatchObject({ name: 'A' });
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
    [['undo', 'none'], /^There is no run none in /],
  ])('that is wrong exits with 2 and one sentence: %j', async (args, message) => {
    const [command, ...others] = args;
    const printed = command ? await folder.run(command, ...others) : await folder.runWith({});
    expect(printed).toEqual({ code: 2, out: '', err: expect.stringMatching(message) });
  });

  test.each([
    ['history', 'a year'],
    ['restore', '90 days'],
  ])('%s exits with 1 if there is no such channel for %s, and says how to find its id', async (name, period) => {
    const id = '65f0a1b2c3d4e5f601234567';
    const sentence = (given: string) =>
      `The namespace ${namespace} has no channel with the _id ${given}, and had none within ${period}.`;
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

  test('undo exits with 2 for another namespace than the one of the run', async () => {
    folder.write('x.ndjson', ndjson([row('a', 'A')]));
    const run = runOf((await folder.run('import', 'x.ndjson')).out);
    const CHANNELS_KEY = await service.newKey({ namespaces: [namespace, 'second'] });
    const undo = ['undo', run, '--namespace', 'second', '--url', service.url];

    expect(await folder.runWith({ env: { CHANNELS_KEY } }, ...undo)).toEqual({
      code: 2,
      out: '',
      err: `The run was in the namespace ${namespace}, not second.\n`,
    });
    expect(await storedChannels()).toHaveLength(1);
  });

  test('that writes, but whose output can not be written, exits with 3, and the same command prints what it did', async () => {
    folder.write('x.ndjson', ndjson([row('a', 'A')]));
    const program = await compileCommandLine(folder.path);
    const script = `exec ${process.execPath} ${program} import x.ndjson --json --url ${service.url} > /dev/full`;
    const options = { cwd: folder.path, env: { CHANNELS_KEY: key } };

    await expect(promisify(execFile)('sh', ['-c', script], options)).rejects.toMatchObject({
      code: 3,
      stderr: `${JSON.stringify({
        error: "The standard output can't be written: the disk is full. Run the same command again.",
        exit_code: 3,
      })}\n`,
    });
    const runs = readdirSync(join(folder.path, '.client-channels'));
    const [channel] = await storedChannels();
    expect(parseLines((await folder.run('import', 'x.ndjson', '--json')).out)).toEqual([
      { line: 1, key: 'a', result: 'created', _id: channel?._id, __v: 0 },
      { summary: { created: 1, updated: 0, unchanged: 0, deleted: 0, failed: 0 }, run: runs[0] },
    ]);
    expect(runs).toHaveLength(1);
  });

  test('whose reader stops before the end stops too, with exit code 3, and says nothing', async () => {
    await seed(
      Array.from({ length: 150 }, (_, n) => row(`k-${n}`, 'x'.repeat(250), { text: 'x'.repeat(800) })),
    );
    const program = await compileCommandLine(folder.path);
    const command = `${process.execPath} ${program} export --url ${service.url}`;
    // More than a pipe holds.
    const script = `(${command}; echo "exit code $?" >&2) | head -1`;
    const options = { cwd: folder.path, env: { CHANNELS_KEY: key, PATH: process.env.PATH } };
    const [first] = await storedChannels();

    expect(await promisify(execFile)('sh', ['-c', script], options)).toEqual({
      stdout: ndjson([first]),
      stderr: 'exit code 3\n',
    });
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
      `Goes on with the run ${id}, which has the answers for 100 of 250 rows. With --new, the command begins anew.\n`,
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
    expect((await folder.run('undo', stopped)).out).toBe('100 put back, 0 as before already, 0 skipped\n');
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
