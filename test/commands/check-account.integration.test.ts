import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { run, useLocalServers } from '../support/local-server.ts';
import { listenOnLoopback } from '../support/loopback.ts';

useLocalServers();

/** Each command that acts on a deployed environment, with arguments that are otherwise right. */
const commands: [string, string, string[]][] = [
  ['bootstrap', 'stacks', ['bootstrap', 'dev']],
  ['deploy', 'stacks', ['deploy', 'dev']],
  ['diff', 'stacks', ['diff', 'dev']],
  ['destroy', 'stacks', ['destroy', 'dev']],
  ['keys', 'api-keys', ['list', '--environment', 'dev']],
  ['reindex', 'reindex', ['--all', '--environment', 'dev']],
  ['replay', 'replay', ['--namespace', 'acme', '--environment', 'dev']],
  ['restore-backup', 'restore-backup', ['dev', '--at', '2026-11-24T09:00:00Z']],
];

/** Stands for all services of AWS. Its credentials are of another account than dev is in. */
const account = '111122223333';
let requests = 0;
const aws = createServer((_, response) => {
  requests++;
  response.setHeader('content-type', 'text/xml');
  response.end(
    `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
  );
});
let endpoint: string;
let close: () => void;

beforeAll(async () => {
  ({ endpoint, close } = await listenOnLoopback(aws));
});
beforeEach(() => {
  requests = 0;
});
afterAll(() => close());

/** Runs a command in a shell without any settings of AWS, except the given ones. */
const runIn = async (shell: Record<string, string>, file: string, args: string[]) => {
  const withoutSettings = {
    AWS_PROFILE: undefined,
    AWS_REGION: undefined,
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const { lines, ended } = run(`commands/${file}.ts`, args, { ...withoutSettings, ...shell });
  const { code, errors } = await ended;
  return { code, lines, errors, requests };
};

const credentials = { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' };
const refused = (error: unknown, requestCount = 0) => ({
  code: 1,
  lines: [],
  errors: [error],
  requests: requestCount,
});

describe.each(commands)('npm run %s', (_, file, args) => {
  it('says in one sentence that credentials and region are missing', async () => {
    expect(await runIn({}, file, args)).toEqual(
      refused('To act on dev, AWS needs credentials (set AWS_PROFILE) and a region (set AWS_REGION).'),
    );
  });

  it('refuses another account than that of the environment, and asks AWS for nothing but the account', async () => {
    const shell = { ...credentials, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: endpoint };
    // The sentence depends on whether somebody has said where dev is: test/commands/check-account.test.ts has both.
    expect(await runIn(shell, file, args)).toEqual(refused(expect.stringContaining(account), 1));
  });
});

describe('a command on a deployed environment', () => {
  const list = (shell: Record<string, string>) => runIn(shell, 'api-keys', ['list', '--environment', 'dev']);

  it('says that the region is missing, if there are only credentials', async () => {
    expect(await list(credentials)).toEqual(refused('To act on dev, AWS needs a region (set AWS_REGION).'));
  });

  it('says why the profile of the shell gives no credentials', async () => {
    const { errors, ...others } = await list({ AWS_PROFILE: 'acme', AWS_REGION: 'us-east-1' });
    expect(others).toEqual({ code: 1, lines: [], requests: 0 });
    expect(errors).toEqual([
      expect.stringMatching(/^To act on dev, AWS needs usable credentials \(AWS_PROFILE is "acme": .+\)\.$/),
    ]);
  });

  it('says that AWS does not answer', async () => {
    const unreachable = { ...credentials, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    const { errors, ...others } = await list(unreachable);
    expect(others).toEqual({ code: 1, lines: [], requests: 0 });
    expect(errors).toEqual([
      expect.stringMatching(/^AWS does not say of which account your credentials are: .*ECONNREFUSED/),
    ]);
  });
});
