import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { useService } from '../support/use-service.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(new URL('../../client/README.md', import.meta.url), 'utf8');
const [, example = '', expectedOutput = ''] = /```js\n([^`]*)```\n\n```\n([^`]*)```/.exec(readme) ?? [];

const service = useService({ namespaces: ['company1'] });
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'client-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the example of client/README.md runs against the built package on plain Node.js, and prints the output that the README shows', async () => {
  const installed = join(folder, 'node_modules/client-channels-client');
  await run('npm', ['run', '-s', 'client', '--', '--outDir', join(installed, 'dist')], { cwd: root });
  writeFileSync(
    join(installed, 'package.json'),
    readFileSync(new URL('../../client/package.json', import.meta.url)),
  );
  writeFileSync(join(folder, 'example.mjs'), example);
  const { stdout } = await run(process.execPath, ['example.mjs'], {
    cwd: folder,
    env: { PATH: process.env.PATH, URL: service.url, KEY: service.key },
  });
  expect(stdout).toBe(expectedOutput);
});
