import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { start, useLocalServers } from './support/local-server.ts';

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
