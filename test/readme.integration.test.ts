import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { ChannelsClient } from '../client/index.ts';
import { inFolder, start, useLocalServers } from './support/local-server.ts';

useLocalServers();

/** Each `curl` of a page, with the response that the page shows below it. */
const examplesIn = (page: string) => {
  const text = readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/```sh\n([^`]*curl [^`]*)```\n\n```json\n([^`]*)```/g)];
};

const ids = /\b[0-9a-f]{24}\b/g;
const times = /"(createdAt|updatedAt)":"[^"]*"/g;
const comparable = (response: string) =>
  JSON.stringify(JSON.parse(response)).replaceAll(ids, '…').replaceAll(times, '"$1":"…"');

test('each curl of the README and of docs/connectors.md returns the response that is shown, except ids and times', async () => {
  const server = start(['--in-memory']);
  const { key, url } = await server.ready();
  const examples = ['README.md', 'docs/connectors.md'].map(examplesIn);
  expect(examples.map(({ length }) => length)).toEqual([4, 6]);
  /** The last id that a response named. The next call may use it. */
  let id = '';
  for (const [, command = '', shown = ''] of examples.flat()) {
    const script = command.replace(/^(API|KEY|ID)=.*\n/gm, '');
    const env = { ...process.env, API: url, KEY: key, ID: id };
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
    expect(comparable(stdout)).toBe(comparable(shown));
    id = stdout.match(ids)?.at(-1) ?? '';
  }
  server.ctrlC();
  expect(await server.ended).toMatchObject({ code: 0 });
});

test('the commands of a day of work in the README run as they are there', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, commands = ''] = /```sh\n(export CHANNELS_URL[^`]*)```/.exec(readme) ?? [];
  const server = start(['--in-memory']);
  const { key, url } = await server.ready();
  const client = new ChannelsClient({ url, key });
  const retail = await client.create({
    name: 'Retail Channel',
    integration_meta: { external_id: 'ch_123', source: 'sap' },
  });
  // npm runs a script in the folder of the project. Here, the commands run in another one, to leave no files behind.
  const folder = inFolder('day-of-work');
  mkdirSync(folder, { recursive: true });
  const main = fileURLToPath(new URL('../client/command-line/main.ts', import.meta.url));
  const script = commands.replaceAll('npm run -s channels --', 'channels');
  expect(script.match(/channels (export|import|undo|sync|history|restore) /g)).toHaveLength(9);
  const channels = `channels() { node --import ${import.meta.resolve('tsx')} ${main} "$@"; }`;

  const { stdout } = await promisify(execFile)('sh', ['-ec', `${channels}\n${script}`], {
    cwd: folder,
    env: { PATH: process.env.PATH, API: url, KEY: key },
  });

  expect(stdout.split('\n')).toEqual([
    'Dry run, nothing was written: 0 created, 0 updated, 1 unchanged, 0 deleted, 0 failed',
    '0 created, 0 updated, 1 unchanged, 0 deleted, 0 failed',
    'The run changed nothing.',
    '0 created, 0 updated, 1 unchanged, 0 deleted, 0 failed',
    expect.stringMatching(/^version 0 {2}\S+ {2}created by \w+$/),
    `The channel ${retail._id} "Retail Channel" was not deleted. It stays as it is.`,
    '',
  ]);
  server.ctrlC();
  expect(await server.ended).toMatchObject({ code: 0 });
});
