import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../infra/environments.ts';
import { type Call, type Grant, type Reply, send } from '../support/service.ts';

const apiStack = 'client-channels-api-dev';
const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
const endpoint = () => process.env.AWS_ENDPOINT_URL as string;

/** @throws Error with all that it said, where it fails. */
const run = (...words: string[]): { stdout: string; output: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')} failed:\n${stdout}${stderr}`);
  return { stdout, output: `${stdout}${stderr}` };
};

const runScript = (file: string, ...words: string[]) => run('--import', 'tsx', file, ...words);

/** `npm run <command> -- dev …`, and all that it said. */
export const stacks = (command: string, ...options: string[]): string =>
  runScript('commands/run-cdk.ts', command, 'dev', ...options).output;

/** Deploys what stands in `environments.ts`, and finds out where it is reached. */
export const deploy = (): { said: string; url: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'outputs-'));
  try {
    const file = join(folder, 'outputs.json');
    const said = stacks('deploy', '--require-approval', 'never', '--outputs-file', file);
    const { ApiId } = JSON.parse(readFileSync(file, 'utf8'))[apiStack];
    return { said, url: `${endpoint()}/_aws/execute-api/${ApiId}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Deploys dev as it would be with some of its row changed. */
export const deployWith = (changes: Partial<Environment>): string => {
  const app = `"${process.execPath}" --import tsx test/deploy/changed-dev-app.ts`;
  const context = `changes=${JSON.stringify(changes)}`;
  return run(cdk, 'deploy', '--all', '--require-approval', 'never', '--app', app, '--context', context)
    .output;
};

/** Destroys the one stack that holds no data. */
export const destroyApi = (): string =>
  run(cdk, 'destroy', apiStack, '--force', '--context', 'environment=dev').output;

/** A key that `npm run keys` makes for the deployed environment. */
export const newKey = async ({ namespaces, scopes = ['channels:read', 'channels:write'] }: Grant) =>
  runScript(
    'commands/api-keys.ts',
    'create',
    '--environment',
    'dev',
    ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
    ...scopes.flatMap((scope) => ['--scope', scope.replace('channels:', '')]),
  ).stdout.trim();

/** `npm run -s replay -- --environment dev …`, and all that it said. */
export const replay = (...words: string[]): string =>
  runScript('commands/replay.ts', '--environment', 'dev', ...words).output;

/** One request to the deployed API. */
export const call = (url: string, route: string, request?: Call): Promise<Reply> => send(url, route, request);

/** One call to an AWS service that has no client among the dependencies, by the name of its action. */
export const askAws = async (target: string, body: object): Promise<Record<string, unknown>> => {
  const [service = ''] = target.split('.');
  const response = await fetch(endpoint(), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request`,
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${target}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
};
