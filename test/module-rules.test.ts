import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const cruiser = join(process.cwd(), 'node_modules/.bin/depcruise');
const configuration = '.dependency-cruiser.cjs';

/** Checks files with these imports against the module rules. Returns the violations as `file → imported file`. */
const findViolations = (imports: [file: string, imported: string][]): string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'module-rules-'));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text, { flag: 'a' });
  };
  try {
    copyFileSync(configuration, join(folder, configuration));
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    for (const [file, imported] of imports) {
      const isPackage = imported.startsWith('@');
      if (!isPackage) write(imported, '');
      write(
        file,
        `import '${isPackage ? imported : `${'../'.repeat(file.split('/').length - 1)}${imported}`}';\n`,
      );
    }
    const folders = [...new Set(imports.map(([file]) => file.split('/')[0] as string))];
    const { stdout } = spawnSync(
      process.execPath,
      [cruiser, '--config', configuration, '--output-type', 'json', ...folders],
      { cwd: folder, encoding: 'utf8' },
    );
    const { violations } = JSON.parse(stdout).summary as { violations: { from: string; to: string }[] };
    return violations.map(
      ({ from, to }) => `${from} → ${to.replace(/^.*node_modules\/(@[^/]+\/[^/]+).*$/, '$1')}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const forbidden: [file: string, imported: string][] = [
  ['lib/channels/store.ts', 'functions/get-channel.ts'],
  ['lib/channels/store.ts', '@aws-sdk/client-dynamodb'],
  ['lib/channels/items.ts', 'lib/projections/open-tables.ts'],
  ['lib/channels/change-rules.ts', 'lib/dynamodb/table.ts'],
  ['lib/dynamodb/table.ts', 'infra/names.ts'],
  ['lib/dynamodb/table.ts', 'lib/api-error.ts'],
  ['lib/events/bus.ts', 'lib/dynamodb/table.ts'],
  ['lib/lists/plan/plan.ts', 'lib/dynamodb/table.ts'],
  ['lib/lists/read-list.ts', 'lib/http/endpoint.ts'],
  ['lib/projections/apply/sweep.ts', 'lib/lists/read-list.ts'],
  ['lib/log.ts', 'local/start.ts'],
  ['functions/get-channel.ts', 'local/start.ts'],
  ['functions/get-channel.ts', '@aws-sdk/client-dynamodb'],
  ['infra/api-stack.ts', 'lib/channels/store.ts'],
  ['infra/api-stack.ts', 'local/start.ts'],
  ['local/server.ts', 'functions/get-channel.ts'],
  ['local/server.ts', 'infra/names.ts'],
  ['local/server.ts', 'test/support/seed.ts'],
  ['commands/api-keys.ts', 'local/state.ts'],
  ['client/channels-client.ts', 'lib/api-error.ts'],
  ['client/channels-client.ts', 'client/command-line/chunks.ts'],
  ['client/channels-client.ts', '@aws-sdk/client-dynamodb'],
  ['examples/copy/follow.ts', 'local/state.ts'],
];

const allowed: [file: string, imported: string][] = [
  ['lib/channels/store.ts', 'lib/dynamodb/table.ts'],
  ['lib/dynamodb/table.ts', '@aws-sdk/client-dynamodb'],
  ['lib/events/bus.ts', '@aws-sdk/client-eventbridge'],
  ['lib/lists/plan/plan.ts', 'lib/channels/index-keys.ts'],
  ['functions/get-channel.ts', 'lib/channels/store.ts'],
  ['infra/api-stack.ts', 'lib/manifest/operations.ts'],
  ['local/server.ts', 'lib/manifest/operations.ts'],
  ['commands/target.ts', 'local/state.ts'],
  ['client/command-line/main.ts', 'client/index.ts'],
  ['examples/copy/follow.ts', 'client/index.ts'],
];

test('the module rules forbid these imports, and no others', () => {
  const expected = forbidden.map(([file, imported]) => `${file} → ${imported}`);
  expect(findViolations([...forbidden, ...allowed]).sort()).toEqual(expected.sort());
});
