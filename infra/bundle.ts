import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/**
 * Limit for the code of a function. It leaves room for features to come, and stops a dependency that is large by mistake. It
 * does not guard the cold start: `npm run bench:speed` does, with the ratio of CPU time to a function that has only the SDK.
 */
export const maxBundleBytes = 270_000;

/** The major version of Node on which functions are deployed. */
export const nodeMajor = 24;

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = join(root, 'node_modules');
const bundles = new Map<string, Bundle>();

export interface Bundle {
  /** The folder to deploy: `index.js`, its source map and the assets. */
  folder: string;
  /** Size of `index.js`. */
  bytes: number;
}

/**
 * Bundles a handler and the SDK into one file. Each handler is bundled once per process. The format CommonJS and the
 * main field `module` gave the shortest cold start of all combinations that were measured.
 *
 * Three parts of the SDK are left out: all credential providers except the environment's, the endpoint cache, and event
 * streams. The SDK loads event streams only for operations that have one, and no operation of DynamoDB has one.
 *
 * @param handler path of the file that exports `handler`, relative to the root of the project
 * @param assets paths in `node_modules` that the handler reads at run time; they are copied to `node_modules` beside it
 * @throws Error if the bundle is larger than `maxBundleBytes`
 */
export const bundle = (handler: string, assets: readonly string[] = []): Bundle => {
  const existing = bundles.get(handler);
  if (existing) return existing;
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [handler],
    // Nothing is written to this path. The source map refers to sources relative to it, so that the same code gives the
    // same asset on every machine.
    outfile: 'bundle/index.js',
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    target: `node${nodeMajor}`,
    format: 'cjs',
    mainFields: ['module', 'main'],
    alias: {
      '@aws-sdk/credential-provider-node': './infra/environment-credentials.ts',
      '@aws-sdk/endpoint-cache': './infra/empty-endpoint-cache.ts',
    },
    external: ['@smithy/core/event-streams'],
    // Handlers find their assets relative to `import.meta.url`, which CommonJS does not have.
    define: { 'import.meta.url': '__filename' },
    legalComments: 'none',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
  // The folder's name is a hash of its content: repeated runs with the same code share one folder.
  const hash = createHash('sha256');
  for (const { contents } of outputFiles) hash.update(contents);
  for (const asset of assets) hash.update(readFileSync(join(packages, asset)));
  const folder = join(tmpdir(), `client-channels-${hash.digest('hex').slice(0, 16)}`);
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  for (const asset of assets) cpSync(join(packages, asset), join(folder, 'node_modules', asset));
  const bytes = outputFiles.find(({ path }) => path.endsWith('.js'))?.contents.length ?? 0;
  if (bytes > maxBundleBytes)
    throw new Error(`The bundle of ${handler} has ${bytes} bytes. The limit is ${maxBundleBytes}.`);
  const result = { folder, bytes };
  bundles.set(handler, result);
  return result;
};
