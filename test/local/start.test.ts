import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../../local/gateway.ts';
import { commandLine } from '../../local/processes.ts';
import type { ServerRecord } from '../../local/state.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
const running = new Set<ChildProcess>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'start-'));
});
afterEach(() => {
  for (const child of running) child.kill('SIGTERM');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `npm start`, as a process group of its own, as a terminal makes it. */
const start = (args: string[] = [], environment: NodeJS.ProcessEnv = {}) => {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts', ...args], {
    cwd: root,
    detached: true,
    env: { ...inherited, PORT: '0', LOCAL_STATE_DIR: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const lines: string[] = [];
  const errors: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return { code, errors };
  });
  const line = async (beginning: string): Promise<string> => {
    const found = () => lines.find((text) => text.startsWith(beginning));
    while (found() === undefined)
      await Promise.race([
        once(output, 'line'),
        ended.then(() => {
          if (found() === undefined) throw new Error(`It ended early: ${errors.join('\n')}`);
        }),
      ]);
    return found() as string;
  };
  const ctrlC = () => process.kill(-(child.pid as number), 'SIGINT');
  return { child, lines, line, ended, ctrlC };
};

const recordFile = () => join(folder, 'server.json');
const record = (): ServerRecord => JSON.parse(readFileSync(recordFile(), 'utf8'));

describe('npm start', () => {
  it('serves, refuses a second server, outlives a kill with its data, and leaves nothing at Ctrl-C', async () => {
    const first = start();
    const key = (await first.line('api-key: ')).slice('api-key: '.length);
    const url = (await first.line('ready')).split(' ').at(-1);
    const created = await fetch(`${url}/client-channel`, {
      method: 'POST',
      headers: { 'api-key': key, 'content-type': 'application/json' },
      body: '{"name":"kept"}',
    });
    expect(created.status).toBe(201);
    const location = created.headers.get('location') as string;

    const second = await start().ended;
    expect(second).toEqual({
      code: 1,
      errors: [expect.stringMatching(`^A server already runs on .*: pid ${first.child.pid}, port \\d+\\. `)],
    });

    const left = record();
    first.child.kill('SIGKILL');
    await first.ended;
    expect(commandLine(left.enginePid as number)).toBeDefined();

    const third = start();
    const sameKey = (await third.line('api-key: ')).slice('api-key: '.length);
    const next = (await third.line('ready')).split(' ').at(-1);
    expect(sameKey).toBe(key);
    expect(commandLine(left.enginePid as number)).toBeUndefined();
    const kept = await fetch(new URL(location, next), { headers: { 'api-key': sameKey } });
    expect([kept.status, ((await kept.json()) as { data: { name: string } }).data.name]).toEqual([
      200,
      'kept',
    ]);

    const { enginePid } = record();
    third.ctrlC();
    await third.line('stopping');
    third.ctrlC();
    expect(await third.ended).toEqual({ code: 0, errors: [] });
    expect(commandLine(enginePid as number)).toBeUndefined();
    expect(existsSync(recordFile())).toBe(false);
  });

  it('leaves nothing where Ctrl-C comes while the engine starts', async () => {
    const server = start(['--in-memory']);
    const engineOf = () => (existsSync(recordFile()) ? record().enginePid : undefined);
    while (engineOf() === undefined) await new Promise(setImmediate);
    const enginePid = engineOf() as number;
    server.ctrlC();
    expect(await server.ended).toEqual({ code: 0, errors: [] });
    expect(server.lines).toEqual(['stopping']);
    expect(commandLine(enginePid)).toBeUndefined();
    expect(existsSync(recordFile())).toBe(false);
  });

  it('ends with one line where the engine does', async () => {
    const server = start(['--in-memory']);
    await server.line('ready');
    process.kill(record().enginePid as number, 'SIGKILL');
    expect(await server.ended).toEqual({ code: 1, errors: ['DynamoDB Local ended: it ended with SIGKILL'] });
    expect(existsSync(recordFile())).toBe(false);
  });
});

describe('a start that cannot be', () => {
  let taken: Gateway;
  beforeAll(async () => {
    taken = await startGateway({ routes: [], port: 0 });
  });
  afterAll(() => taken.close());

  const onlyNode = () => ({ PATH: join(folder, 'nothing'), JAVA_HOME: '' });
  const brokenJava = () => {
    const home = join(folder, 'bin');
    writeFileSync(
      join(folder, 'java'),
      '#!/bin/sh\n[ "$1" = -version ] && echo \'version "17"\' || echo "no class" >&2\n',
      {
        mode: 0o755,
      },
    );
    return { PATH: `${folder}:${process.env.PATH}`, JAVA_HOME: home };
  };

  it.each([
    [
      'the port is taken',
      [],
      () => ({ PORT: String(taken.port) }),
      /^Port \d+ is taken: set PORT to another, e\.g\. /,
    ],
    [
      'the port is none',
      [],
      () => ({ PORT: '3030x' }),
      /^PORT is "3030x", and has to be a number from 0 to 65535$/,
    ],
    ['there is no Java', [], onlyNode, /^Java 11 or later is needed: get one/],
    ['the engine is broken', [], brokenJava, /^DynamoDB Local does not start: no class$/],
    ['an argument is unknown', ['--memory'], () => ({}), /^Unknown option '--memory'\. Usage: npm start/],
    ['an argument is too much', ['x'], () => ({}), /^Unexpected argument 'x'.* Usage: npm start/],
  ])('is one line and code 1 where %s', async (_kind, args, environment, line) => {
    expect(await start(args, environment()).ended).toEqual({
      code: 1,
      errors: [expect.stringMatching(line)],
    });
    expect(existsSync(recordFile())).toBe(false);
  });
});
