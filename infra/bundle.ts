import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** The most that a function's code may weigh, in bytes: more is felt at every cold start. */
export const maxBundleBytes = 250_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = join(root, 'node_modules');
const bundles = new Map<string, Bundle>();

export interface Bundle {
  /** The folder that is deployed: `index.js` and its source map. */
  folder: string;
  bytes: number;
}

/**
 * Bundles a handler into one file, SDK included, once a process. CommonJS and `module` first start fastest of what was
 * measured. Three parts of the SDK stay out: its credential providers but for the environment's, its cache of endpoints, and
 * event streams, which it loads when an operation has one, and none of DynamoDB's has.
 *
 * @param handler the file that exports `handler`, from the project's root
 * @param assets files of packages that it reads as it runs; they stand beside it as they do here
 * @throws Error where the bundle weighs more than `bundleLimit`
 */
export const bundle = (handler: string, assets: readonly string[] = []): Bundle => {
  const earlier = bundles.get(handler);
  if (earlier) return earlier;
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [handler],
    // Nothing is written there: the map names its sources from here, so that the same code is the same asset anywhere.
    outfile: 'bundle/index.js',
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    alias: {
      '@aws-sdk/credential-provider-node': './infra/environment-credentials.ts',
      '@aws-sdk/endpoint-cache': './infra/empty-endpoint-cache.ts',
    },
    external: ['@smithy/core/event-streams'],
    // What a handler finds its assets by; CommonJS knows its file by this name.
    define: { 'import.meta.url': '__filename' },
    legalComments: 'none',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
  // Named by what is in it, so that runs leave one folder for each version of the code, not one each.
  const hash = createHash('sha256');
  for (const { contents } of outputFiles) hash.update(contents);
  for (const asset of assets) hash.update(readFileSync(join(packages, asset)));
  const folder = join(tmpdir(), `client-channels-${hash.digest('hex').slice(0, 16)}`);
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  for (const asset of assets) cpSync(join(packages, asset), join(folder, 'node_modules', asset));
  const bytes = outputFiles.find(({ path }) => path.endsWith('.js'))?.contents.length ?? 0;
  if (bytes > maxBundleBytes)
    throw new Error(`${handler} weighs ${bytes} bytes bundled: ${maxBundleBytes} is the limit.`);
  const result = { folder, bytes };
  bundles.set(handler, result);
  return result;
};
