import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** Of files that import these, what the linter refuses. */
const refusedOf = (imports: Record<string, string[]>): Record<string, string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'rooms-'));
  try {
    copyFileSync('biome.json', join(folder, 'biome.json'));
    for (const [file, imported] of Object.entries(imports)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), imported.map((name) => `import '${name}';\n`).join(''));
    }
    const rule = 'style/noRestrictedImports';
    const { stdout } = spawnSync(
      process.execPath,
      [biome, 'lint', `--only=${rule}`, '--reporter=github', '--vcs-enabled=false', '.'],
      { cwd: folder, encoding: 'utf8' },
    );
    const refused: Record<string, string[]> = {};
    for (const [, file = '', line] of stdout.matchAll(/noRestrictedImports,file=([^,]+),line=(\d+)/g))
      refused[file] = [...(refused[file] ?? []), imports[file]?.[Number(line) - 1] ?? ''];
    return refused;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

// Of the linter's overrides the last that matches a file counts alone, so that each has to say all.
test('a room imports from those alone that it may know', () => {
  const refused = {
    'lib/channels/store.ts': ['../../functions/get-channel.ts', '@aws-sdk/client-dynamodb'],
    'lib/dynamodb/table.ts': ['../../infra/names.ts', '../directory/blocks.ts'],
    'lib/events/bus.ts': ['../../local/engine.ts', '../dynamodb/table.ts'],
    'lib/lists/plan.ts': ['../../local/engine.ts', '../dynamodb/table.ts', '@aws-sdk/client-dynamodb'],
    'functions/get-channel.ts': ['../local/engine.ts', '@aws-sdk/client-dynamodb'],
    'infra/api-stack.ts': ['../lib/channels/store.ts', '../local/engine.ts'],
    'local/server.ts': ['../functions/get-channel.ts', '../infra/names.ts'],
    'client/channels-client.ts': ['../lib/errors.ts'],
  };
  const allowed: Record<string, string[]> = {
    'lib/channels/store.ts': ['../dynamodb/table.ts'],
    'lib/dynamodb/table.ts': ['@aws-sdk/client-dynamodb'],
    'lib/lists/plan.ts': ['../channels/index-keys.ts'],
    'functions/get-channel.ts': ['../lib/channels/store.ts'],
    'infra/api-stack.ts': ['../lib/operations.ts'],
    'local/server.ts': ['../lib/operations.ts'],
    'commands/api-keys.ts': ['../local/state.ts', '../infra/names.ts'],
  };
  const files = new Set([...Object.keys(refused), ...Object.keys(allowed)]);
  const all = Object.fromEntries(
    [...files].map((file) => [
      file,
      [...(refused[file as keyof typeof refused] ?? []), ...(allowed[file] ?? [])],
    ]),
  );
  expect(refusedOf(all)).toEqual(refused);
});
