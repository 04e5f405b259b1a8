/**
 * Schemathesis against a server of its own, in memory: no fault, no status or content that the description does not
 * have. It runs from `.contract`, a Python environment that is made when it is missing. `SEED` repeats a run.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const version = '4.32.5';
const schemathesis = '.contract/bin/schemathesis';
const seed = process.env.SEED ?? String(Date.now() % 1_000_000_007);
const examples = process.env.EXAMPLES ?? '50';
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

if (!existsSync(schemathesis)) {
  execFileSync('python3', ['-m', 'venv', '.contract'], { stdio: 'inherit' });
  execFileSync('.contract/bin/pip', ['install', '-q', `schemathesis==${version}`], { stdio: 'inherit' });
}

const folder = mkdtempSync(join(tmpdir(), 'contract-'));
const server = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
  env: { ...process.env, PORT: '0', LOCAL_STATE_DIR: folder },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = once(server, 'close');

/** The server's key and address, from what it prints. */
const started = async (): Promise<{ key: string; url: string }> => {
  let key = '';
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.startsWith('api-key: ')) key = line.slice('api-key: '.length);
    if (line.startsWith('ready')) return { key, url: line.split(' ').at(-1) as string };
  }
  throw new Error('The server ended before it was ready.');
};

try {
  const { key, url } = await started();
  server.stdout.resume();
  console.log(`seed: ${seed}`);
  const { status } = spawnSync(
    schemathesis,
    [
      'run',
      `${url}/openapi.json`,
      ...['--header', `api-key: ${key}`],
      ...['--checks', checks.join(',')],
      ...['--mode', 'all'],
      ...['--max-examples', examples],
      ...['--seed', seed],
      '--no-color',
    ],
    { stdio: 'inherit', env: { ...process.env, PYTHONUTF8: '1' } },
  );
  process.exitCode = status ?? 1;
} finally {
  server.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
