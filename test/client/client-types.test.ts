import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { clientTypes } from '../../commands/client-types.ts';
import { describeApi } from '../../lib/openapi/api-description.ts';

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

test('client/types.ts equals what `npm run openapi` generates from the description', () => {
  const file = readFileSync(new URL('../../client/types.ts', import.meta.url), 'utf8');
  expect(file).toBe(clientTypes(describeApi()));
});

// Jest strips types before it runs a test, so only the compiler can check them.
test('a channel has the type that the service returns, can be sent back whole, and wrong types do not compile', () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '-p', 'test/client/type-assertions.tsconfig.json', '--pretty', 'false'],
    { encoding: 'utf8' },
  );
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});
