import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type CommandFolder, useCommandFolders } from './in-process.ts';

const newFolder = useCommandFolders();
let folder: CommandFolder;
beforeEach(() => {
  // Nothing answers there. What is wrong is found before the service is asked.
  folder = newFolder({ url: 'http://127.0.0.1:9', key: 'cck_local_x' });
});
const refusal = (sentence: string) => ({ code: 2, out: '', err: `${sentence}\n` });

test('an unknown command is answered in one line, which no long help pushes away', async () => {
  expect(await folder.run('exprot')).toEqual(
    refusal('There is no command exprot. "client-channels --help" lists the commands.'),
  );
});

test.each([
  [['export', '--output'], 'The option --output needs a value.'],
  [['import', 'a', '--match', '--new'], 'The option --match needs a value.'],
  [['export', '--json=yes'], 'The option --json takes no value.'],
  [['export', '--from_updatedAt', 'yesterday'], '--from_updatedAt is a number, not "yesterday".'],
])('an option with a wrong value, or with none, is refused: %j', async (args, sentence) => {
  const [command = '', ...others] = args;
  expect(await folder.run(command, ...others)).toEqual(refusal(sentence));
});

test('the address of the service can be in the environment', async () => {
  const env = { CHANNELS_KEY: 'cck_local_x', CHANNELS_URL: 'example.com' };
  expect((await folder.runWith({ env }, 'export')).err).toMatch('not "example.com".');
  expect((await folder.runWith({ env }, 'export', '--url', 'here')).err).toMatch('not "here".');
});

test.each(['x', '2.5', '%', '1.%', '150%'])('--max-deletes %s is refused', async (limit) => {
  const sync = ['a', '--where', 'integration_meta.a=b', '--max-deletes', limit];
  expect(await folder.run('sync', ...sync)).toEqual(
    refusal(`--max-deletes is a whole number, or a share of at most 100% such as 10%, not "${limit}".`),
  );
});

describe('with --json, an error is one JSON object on standard error', () => {
  test.each([
    [
      ['import', 'none.csv'],
      2,
      () => `The file ${join(folder.path, 'none.csv')} can't be read: there is no such file or folder.`,
    ],
    [['exprot'], 2, () => 'There is no command exprot. "client-channels --help" lists the commands.'],
    [
      ['export'],
      3,
      () => expect.stringMatching(/^There is no response .* Then run the same command again\.$/),
    ],
  ])('%j', async (args, exit_code, message) => {
    const [command = '', ...others] = args;
    const { code, out, err } = await folder.run(command, ...others, '--json');
    expect({ code, out }).toEqual({ code: exit_code, out: '' });
    expect(err).toMatch(/^.*\n$/);
    expect(JSON.parse(err)).toEqual({ error: message(), exit_code });
  });
});

test('a warning is a sentence on standard error, and with --json one JSON object', async () => {
  folder.write('x.csv', 'name,integration_meta.external_id\nA, 1\n');
  const sentence =
    'Line 2: The key " 1" has a space at an end. The space is a part of the key: "1" is another channel.';

  const interrupted = { signal: AbortSignal.abort() };
  const [text, json] = [
    await folder.runWith(interrupted, 'import', 'x.csv'),
    await folder.runWith(interrupted, 'import', 'x.csv', '--dry-run', '--json'),
  ].map(({ err }) => err.split('\n')[0]);

  expect(text).toBe(sentence);
  expect(JSON.parse(json ?? '')).toEqual({ warning: sentence });
});

test('an API key that can not be sent is refused before it is', async () => {
  const env = { CHANNELS_KEY: 'cck_local_…' };
  expect(await folder.runWith({ env }, 'export')).toEqual(
    refusal('The API key has a character that no key has. Copy it again.'),
  );
});

describe('a file to read', () => {
  test.each([
    ['none.csv', 'there is no such file or folder'],
    ['folder', 'it is a folder'],
    ['x.csv/y.csv', 'a part of its path is no folder'],
  ])('that can not be read is named with its whole path: %s', async (name, reason) => {
    mkdirSync(join(folder.path, 'folder'));
    folder.write('x.csv', '');
    expect(await folder.run('import', name)).toEqual(
      refusal(`The file ${join(folder.path, name)} can't be read: ${reason}.`),
    );
  });

  test('is looked for in the folder in which npm was called, not in that of the project', () => {
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    const { status, stderr } = spawnSync('npm', ['run', '-s', 'channels', '--', 'import', 'none.csv'], {
      cwd,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `The file ${join(cwd, 'none.csv')} can't be read: there is no such file or folder.\n`,
    });
  });
});

describe('an output file', () => {
  test.each(['x.xlsx', 'x.XLS', 'x.ods', 'x.numbers'])('is no workbook: %s', async (name) => {
    expect(await folder.run('export', '--output', name, '--format', 'csv')).toEqual(
      refusal(
        `The output ${name} would be no workbook. Use a name that ends with .csv: spreadsheets open it.`,
      ),
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test.each([
    ['none/x.csv', 'there is no such file or folder'],
    ['folder', 'it is a folder'],
    ['pipe', 'it is no regular file'],
  ])('that can not be written is refused before the service is asked: %s', async (name, reason) => {
    mkdirSync(join(folder.path, 'folder'));
    execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: folder.path });
    expect(await folder.run('export', '--output', name)).toEqual(
      refusal(`The file ${join(folder.path, name)} can't be written: ${reason}.`),
    );
    expect(readdirSync(folder.path).sort()).toEqual(['folder', 'pipe']);
  });

  test('is not left behind if the export does not get to its end', async () => {
    const interrupted = { signal: AbortSignal.abort() };
    expect(await folder.runWith(interrupted, 'export', '--output', 'x.csv')).toMatchObject({ code: 3 });
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test('standard output that can not be written is a sentence', () => {
  const main = fileURLToPath(new URL('../../../client/command-line/main.ts', import.meta.url));
  const script = `exec ${process.execPath} --import tsx ${main} --help > /dev/full`;
  const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: "The standard output can't be written: the disk is full. Run the same command again.\n",
  });
});

describe('an address where another server answers is named', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const answerWith = (status: number, body: string) =>
    jest.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(body, { status }));

  test.each([
    ['a page', 200, '<!doctype html><title>Welcome</title>'],
    ['an empty object', 200, '{}'],
    ['null', 200, 'null'],
    ['an object of its own', 200, '{"data":{"id":1}}'],
    ['a page that is not there', 404, '<!doctype html><title>Not found</title>'],
    ['a path that is not there', 404, '{"message":"Not Found"}'],
    ['a refusal of its own', 403, '{"message":"Forbidden"}'],
    ['a refusal of the method', 405, ''],
  ])('%s', async (_, status, body) => {
    answerWith(status, body);
    expect(await folder.run('export')).toEqual(
      refusal('There is no Client Channels service at http://127.0.0.1:9.'),
    );
  });

  test.each([
    [401, 'unauthenticated', 4],
    [403, 'forbidden', 4],
  ])('but not if this service refuses the key: %i', async (status, code, exitCode) => {
    answerWith(status, JSON.stringify({ success: false, error: 'Refused.', code }));
    const { code: exit, err } = await folder.run('export');
    expect([exit, err]).toEqual([exitCode, expect.not.stringContaining('There is no Client Channels')]);
  });

  test('but not if the service or the gateway before it fails', async () => {
    answerWith(500, '{"message":"The gateway failed."}');
    expect(await folder.run('export')).toEqual({
      code: 3,
      out: '',
      err: 'The gateway failed. Then run the same command again.\n',
    });
  });
});
