import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { start, useLocalServers } from './support/local-server.ts';

useLocalServers();

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** Each `curl` of the README, with the response that the README shows below it. */
const examples = [...readme.matchAll(/```sh\n([^`]*curl [^`]*)```\n\n```json\n([^`]*)```/g)];

const ids = /"_id":"[0-9a-f]{24}"/g;
const times = /"(createdAt|updatedAt)":"[^"]*"/g;
const comparable = (response: string) =>
  response.trim().replaceAll(ids, '"_id":"…"').replaceAll(times, '"$1":"…"');

test('each curl of the README returns the response that it shows, except ids and times', async () => {
  const server = start(['--in-memory']);
  const { key, url } = await server.ready();
  expect(examples).toHaveLength(4);
  for (const [, command = '', shown = ''] of examples) {
    const script = command.replace(/^(API|KEY)=.*\n/gm, '');
    const env = { ...process.env, API: url, KEY: key };
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
    expect(comparable(stdout)).toBe(comparable(shown));
  }
  server.ctrlC();
  expect(await server.ended).toMatchObject({ code: 0 });
});
