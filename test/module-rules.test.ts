import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** Runs the linter on files with these imports. Returns the imports of each file that it refuses. */
const lintImports = (imports: Record<string, string[]>): Record<string, string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'module-rules-'));
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

// The linter uses only the last override that matches a file, so each override must repeat all rules for its files.
test('the linter refuses imports that the rules of a module forbid, and no others', () => {
  const forbidden: Record<string, string[]> = {
    'lib/channels/store.ts': ['../../functions/get-channel.ts', '@aws-sdk/client-dynamodb'],
    'lib/dynamodb/table.ts': [
      '../../infra/names.ts',
      '../projections/rank-index/count-bucket.ts',
      '../api-error.ts',
      '../read-budget.ts',
    ],
    'lib/events/bus.ts': ['../../local/dynamodb-local.ts', '../dynamodb/table.ts'],
    'lib/lists/plan/plan.ts': [
      '../../../local/dynamodb-local.ts',
      '../../dynamodb/table.ts',
      '@aws-sdk/client-dynamodb',
    ],
    'functions/get-channel.ts': [
      '../local/dynamodb-local.ts',
      '../commands/api-keys.ts',
      '@aws-sdk/client-dynamodb',
    ],
    'infra/api-stack.ts': ['../lib/channels/store.ts', '../local/dynamodb-local.ts'],
    'local/start.ts': ['../functions/get-channel.ts', '../infra/names.ts'],
    'client/channels-client.ts': ['../lib/api-error.ts'],
  };
  const allowed: Record<string, string[]> = {
    'lib/channels/store.ts': ['../dynamodb/table.ts'],
    'lib/dynamodb/table.ts': ['@aws-sdk/client-dynamodb'],
    'lib/lists/plan/plan.ts': ['../../channels/index-keys.ts'],
    'functions/get-channel.ts': ['../lib/channels/store.ts'],
    'infra/api-stack.ts': ['../lib/manifest/operations.ts'],
    'local/start.ts': ['../lib/manifest/operations.ts'],
    'commands/api-keys.ts': ['../local/state.ts', '../infra/names.ts'],
  };
  const files = new Set([...Object.keys(forbidden), ...Object.keys(allowed)]);
  const imports = Object.fromEntries(
    [...files].map((file) => [file, [...(forbidden[file] ?? []), ...(allowed[file] ?? [])]]),
  );

  expect(lintImports(imports)).toEqual(forbidden);
});
