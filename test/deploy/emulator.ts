import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findEnvironment } from '../../infra/environments.ts';
import { installEmulator } from './install-emulator.ts';

export interface Emulator {
  /** Environment variables that direct all AWS calls of a process to the emulator. */
  environment: Record<string, string>;
  stop(): Promise<void>;
}

const binaries = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
const startTimeoutMs = 60_000;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
};

const isReady = async (endpoint: string) => {
  try {
    return (await fetch(`${endpoint}/_ministack/health`)).ok;
  } catch {
    return false;
  }
};

const endProcess = async (process: ChildProcess) => {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, 'exit');
  process.kill('SIGTERM');
  const late = await Promise.race([exited, setTimeout(5_000, 'late', { ref: false })]);
  if (late === 'late') process.kill('SIGKILL');
};

/** The account and region that the emulated AWS stands for: those of the environment that the tests deploy. */
const { account, region } = findEnvironment('dev').deployedTo;

/** Starts an empty emulated AWS. It keeps no data after it stops, and accepts connections only from this machine. */
export const startEmulator = async (): Promise<Emulator> => {
  const command = installEmulator();
  const folder = mkdtempSync(join(tmpdir(), 'emulated-aws-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const log = openSync(join(folder, 'log'), 'w');
  const emulator = spawn(command, {
    stdio: ['ignore', log, log],
    env: {
      HOME: home,
      PATH: `${binaries}${delimiter}${process.env.PATH}`,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: `${port}`,
      MINISTACK_ACCOUNT_ID: account,
      MINISTACK_REGION: region,
      TMPDIR: folder,
      STATE_DIR: join(folder, 'state'),
      S3_DATA_DIR: join(folder, 's3'),
      // The tests do not need these services. They would open a port or look for Docker.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      DOCKER_HOST: 'unix:///nonexistent.sock',
    },
  });
  closeSync(log);
  const kill = () => emulator.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    await endProcess(emulator);
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
  };

  const deadline = Date.now() + startTimeoutMs;
  while (!(await isReady(endpoint))) {
    if (Date.now() > deadline || emulator.exitCode !== null) {
      const lastLine = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').at(-1);
      await stop();
      throw new Error(`The emulated AWS did not start: ${lastLine}`);
    }
    await setTimeout(200);
  }
  return {
    environment: {
      // The CDK caches data of accounts in the home folder. It must not cache the emulated account there.
      HOME: home,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
    },
    stop,
  };
};
