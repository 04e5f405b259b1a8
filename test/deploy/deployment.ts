import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { Environment } from '../../infra/environments.ts';
import { type Call, type Grant, type Reply, send } from '../support/service.ts';

const apiStack = 'client-channels-api-dev';
const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
const endpoint = () => process.env.AWS_ENDPOINT_URL as string;

/** Runs a script. @throws Error with the whole output if the script fails. */
const run = (...args: string[]): { stdout: string; output: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`);
  return { stdout, output: `${stdout}${stderr}` };
};

const runScript = (file: string, ...args: string[]) => run('--import', 'tsx', file, ...args);

/** Runs `npm run <command> -- dev …` and returns its output. */
export const runStacksCommand = (command: string, ...options: string[]): string =>
  runScript('commands/stacks.ts', command, 'dev', ...options).output;

/** Deploys dev as it is in `environments.ts`, and returns the address of the API. */
export const deployDev = (): { output: string; url: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'outputs-'));
  try {
    const file = join(folder, 'outputs.json');
    const output = runStacksCommand('deploy', '--require-approval', 'never', '--outputs-file', file);
    const { ApiId } = JSON.parse(readFileSync(file, 'utf8'))[apiStack];
    return { output, url: `${endpoint()}/_aws/execute-api/${ApiId}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Deploys dev with some settings of its row in `environments.ts` changed. */
export const deployChangedDev = (changes: Partial<Environment>): string => {
  const app = `"${process.execPath}" --import tsx test/deploy/changed-dev-app.ts`;
  const context = `changes=${JSON.stringify(changes)}`;
  return run(cdk, 'deploy', '--all', '--require-approval', 'never', '--app', app, '--context', context)
    .output;
};

/** Destroys the API stack, which holds no data. */
export const destroyApiStack = (): string =>
  run(cdk, 'destroy', apiStack, '--force', '--context', 'environment=dev').output;

/** Creates an API key for dev with `npm run keys`. */
export const newKey = async ({ namespaces, scopes = ['channels:read', 'channels:write'] }: Grant) =>
  runScript(
    'commands/api-keys.ts',
    'create',
    '--environment',
    'dev',
    ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
    ...scopes.flatMap((scope) => ['--scope', scope.replace('channels:', '')]),
  ).stdout.trim();

/** Runs `npm run -s replay -- --environment dev …` and returns its output. */
export const replay = (...args: string[]): string =>
  runScript('commands/replay.ts', '--environment', 'dev', ...args).output;

/** Runs `npm run -s restore-backup -- dev --at …`. */
export const restoreBackup = (...at: string[]): string =>
  runScript('commands/restore-backup.ts', 'dev', '--at', ...at).output;

/** Starts the same command, and kills it when it prints a line that begins with a text. */
export const killRestore = async (beginning: string, ...at: string[]): Promise<void> => {
  const args = ['--import', 'tsx', 'commands/restore-backup.ts', 'dev', '--at', ...at];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith(beginning)) child.kill('SIGKILL');
  const [, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error(`The command ended before it printed "${beginning}".`);
};

/**
 * Lets this process see which connections the emulator has closed while a command blocked it for many seconds. A request on
 * such a connection would fail.
 */
const seeClosedConnections = async (): Promise<void> => {
  await setImmediate();
  await setImmediate();
};

const authorizationFor = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/${process.env.AWS_REGION}/${service}/aws4_request`;

/** Sends a request to an AWS service of the emulator. */
const fetchFromAws = async (service: string, path: string, request: RequestInit = {}): Promise<Response> => {
  await seeClosedConnections();
  const headers = { ...request.headers, authorization: authorizationFor(service) };
  return fetch(endpoint() + path, { ...request, headers });
};

/** Sends a request to the deployed API. */
export const call = async (url: string, route: string, request?: Call): Promise<Reply> => {
  await seeClosedConnections();
  return send(url, route, request);
};

/** The ARNs of the streams that the stream consumers of dev read, each once. The dependencies have no client for Lambda. */
export const readConsumedStreams = async (): Promise<string[]> => {
  const response = await fetchFromAws('lambda', '/2015-03-31/event-source-mappings/');
  const { EventSourceMappings } = (await response.json()) as {
    EventSourceMappings: { EventSourceArn: string }[];
  };
  return [...new Set(EventSourceMappings.map(({ EventSourceArn }) => EventSourceArn))];
};

/** Runs a function of dev, as its schedule does, and waits until it ends. */
export const runFunction = async (name: string): Promise<void> => {
  const path = `/2015-03-31/functions/client-channels-dev-${name}/invocations`;
  const response = await fetchFromAws('lambda', path, { method: 'POST', body: '{}' });
  if (response.headers.has('x-amz-function-error')) throw new Error(await response.text());
};

/** The lines in the log of a function of dev from which CloudWatch makes metrics. */
export const readMetricLines = async (name: string): Promise<Record<string, unknown>[]> => {
  const path = `/2015-03-31/functions/client-channels-dev-${name}/configuration`;
  const response = await fetchFromAws('lambda', path);
  const { LoggingConfig } = (await response.json()) as { LoggingConfig: { LogGroup: string } };
  const { events } = await callAws('Logs_20140328.FilterLogEvents', { logGroupName: LoggingConfig.LogGroup });
  return (events as { message: string }[])
    .filter(({ message }) => message.startsWith('{') && message.includes('"_aws"'))
    .map(({ message }) => JSON.parse(message));
};

/** Calls an action of an AWS service. The dependencies have no client for this service. */
export const callAws = async (target: string, body: object): Promise<Record<string, unknown>> => {
  const [service = ''] = target.split('.');
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  const response = await fetchFromAws(service, '', { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${target}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
};
