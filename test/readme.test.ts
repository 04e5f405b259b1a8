import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { start, useLocalServers } from './support/local-server.ts';

useLocalServers();

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** Every `curl` of the README, with the answer that it prints below. */
const examples = [...readme.matchAll(/```sh\n([^`]*curl [^`]*)```\n\n```json\n([^`]*)```/g)];

const ids = /"_id":"[0-9a-f]{24}"/g;
const times = /"(createdAt|updatedAt)":"[^"]*"/g;
const comparable = (answer: string) =>
  answer.trim().replaceAll(ids, '"_id":"…"').replaceAll(times, '"$1":"…"');

test('each curl of the README gives the answer that it prints, but for ids and times', async () => {
  const server = start(['--in-memory']);
  const { key, url } = await server.ready();
  expect(examples).toHaveLength(3);
  for (const [, command = '', printed = ''] of examples) {
    const script = command.replaceAll('http://localhost:3030', url).replace('KEY=$(cat .local/api-key)', '');
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { env: { ...process.env, KEY: key } });
    expect(comparable(stdout)).toBe(comparable(printed));
  }
  server.ctrlC();
  expect(await server.ended).toMatchObject({ code: 0 });
});
