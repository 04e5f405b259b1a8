/**
 * Runs Schemathesis against a server of its own. It checks that no request causes a 5xx, that statuses and content are
 * those of the API description, that wrong requests are refused, that each operation requires a key, and that nothing
 * is left of a deleted channel. It runs in `.contract`, a Python environment that is created if it is missing. `SEED`
 * repeats a run, `EXAMPLES` sets its length.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { startStandaloneServer } from '../support/standalone-server.ts';

const version = '4.32.5';
const schemathesis = '.contract/bin/schemathesis';
const seed = process.env.SEED ?? String(Date.now() % 1_000_000_007);
const examples = process.env.EXAMPLES ?? '50';

if (!existsSync(schemathesis)) {
  execFileSync('python3', ['-m', 'venv', '.contract'], { stdio: 'inherit' });
  execFileSync('.contract/bin/pip', ['install', '-q', `schemathesis==${version}`], { stdio: 'inherit' });
}

const { key, url, stop } = await startStandaloneServer();
try {
  console.log(`seed: ${seed}`);
  const { status } = spawnSync(
    schemathesis,
    [
      ...['--config-file', 'test/contract/schemathesis.toml', 'run'],
      `${url}/openapi.json`,
      ...['--header', `api-key: ${key}`],
      ...['--mode', 'all'],
      ...['--max-examples', examples],
      ...['--seed', seed],
      '--no-color',
    ],
    { stdio: 'inherit', env: { ...process.env, PYTHONUTF8: '1' } },
  );
  process.exitCode = status ?? 1;
} finally {
  await stop();
}
