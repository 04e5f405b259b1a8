import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../../local/gateway.ts';
import { commandLine } from '../../local/processes.ts';
import { eventually } from '../support/eventually.ts';
import { inFolder, record, recordFile, start, startByNpm, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

describe('npm start', () => {
  it('refuses a second server, keeps the data and the key after a kill, and leaves no process after Ctrl-C', async () => {
    const first = start();
    const { key, url } = await first.ready();
    const created = await fetch(`${url}/client-channel`, {
      method: 'POST',
      headers: { 'api-key': key, 'content-type': 'application/json' },
      body: '{"name":"kept"}',
    });
    expect(created.status).toBe(201);
    const location = created.headers.get('location') as string;
    expect(location).toMatch(new RegExp(`^${url}/client-channel/[0-9a-f]{24}$`));
    const listed = await fetch(`${url}/client-channel?per_page=1`, { headers: { 'api-key': key } });
    expect(listed.headers.get('link')).toContain(`<${url}/client-channel?per_page=1&page=1>; rel="first"`);

    const second = await start().ended;
    expect(second).toEqual({
      code: 1,
      errors: [expect.stringMatching(`^A server already runs on .*: pid ${first.child.pid}, port \\d+\\. `)],
    });

    const killedRecord = record();
    first.child.kill('SIGKILL');
    await first.ended;
    expect(commandLine(killedRecord.dynamoDbPid as number)).toBeDefined();

    const third = start();
    const { key: sameKey, url: next } = await third.ready();
    expect(sameKey).toBe(key);
    expect(commandLine(killedRecord.dynamoDbPid as number)).toBeUndefined();
    const kept = await fetch(next + new URL(location).pathname, { headers: { 'api-key': sameKey } });
    expect([kept.status, ((await kept.json()) as { data: { name: string } }).data.name]).toEqual([
      200,
      'kept',
    ]);

    const { dynamoDbPid } = record();
    third.ctrlC();
    await third.line('stopping');
    third.ctrlC();
    expect(await third.ended).toEqual({ code: 0, errors: [] });
    expect(commandLine(dynamoDbPid as number)).toBeUndefined();
    expect(existsSync(recordFile())).toBe(false);
  });

  it('in memory prints only its key and its URL, whatever is written, can be used by a console, and leaves no file', async () => {
    const server = start(['--in-memory'], { LOCAL_STATE_DIR: inFolder('memory') });
    const { key, url } = await server.ready();
    expect(readFileSync(inFolder('memory/api-key'), 'utf8')).toBe(`${key}\n`);
    const { headers } = await send(url, 'POST /client-channel', {
      key,
      headers: { origin: 'http://localhost:5173' },
      body: { name: 'Retail' },
    });
    expect(headers['access-control-allow-origin']).toBe('http://localhost:5173');
    await eventually(async () => expect((await send(url, 'GET /_local/events')).body.data).toHaveLength(1));

    server.ctrlC();
    expect(await server.ended).toEqual({ code: 0, errors: [] });
    expect(server.lines).toEqual([`api-key: ${key}`, `ready at ${url}`, 'stopping']);
    expect(existsSync(inFolder('memory'))).toBe(false);
  });

  it('leaves no process and no lock if Ctrl-C arrives while DynamoDB Local starts', async () => {
    const server = start(['--in-memory']);
    const dynamoDbPidInRecord = () => (existsSync(recordFile()) ? record().dynamoDbPid : undefined);
    while (dynamoDbPidInRecord() === undefined) await new Promise(setImmediate);
    const dynamoDbPid = dynamoDbPidInRecord() as number;
    server.ctrlC();
    expect(await server.ended).toEqual({ code: 0, errors: [] });
    expect(server.lines).toEqual(['stopping']);
    expect(commandLine(dynamoDbPid)).toBeUndefined();
    expect(existsSync(recordFile())).toBe(false);
  });

  it('ends when only its npm gets SIGTERM, although npm’s shell does not forward the signal', async () => {
    const { child, ready, ended } = startByNpm('--in-memory');
    const { url } = await ready();
    child.kill('SIGTERM');
    // This resolves when the output is closed. Then no process is left that could write to it.
    await ended;
    await expect(fetch(url)).rejects.toThrow();
  });

  it('ends with one line when DynamoDB Local ends', async () => {
    const server = start(['--in-memory']);
    await server.line('ready');
    process.kill(record().dynamoDbPid as number, 'SIGKILL');
    expect(await server.ended).toEqual({ code: 1, errors: ['DynamoDB Local ended: it ended with SIGKILL'] });
    expect(existsSync(recordFile())).toBe(false);
  });
});

describe('a start that fails', () => {
  let taken: Gateway;
  beforeAll(async () => {
    taken = await startGateway({ routes: [], port: 0 });
  });
  afterAll(() => taken.close());

  /** `JSON.parse` as it is in Node 20. */
  const withoutSourceText =
    'const {parse}=JSON;JSON.parse=(text,reviver)=>parse(text,reviver&&((key,value)=>reviver(key,value)))';
  const onlyNode = () => ({ PATH: inFolder('nothing'), JAVA_HOME: '' });
  const brokenJava = () => {
    const home = inFolder('bin');
    writeFileSync(
      inFolder('java'),
      '#!/bin/sh\n[ "$1" = -version ] && echo \'version "17"\' || echo "no class" >&2\n',
      {
        mode: 0o755,
      },
    );
    return { PATH: `${dirname(inFolder('java'))}:${process.env.PATH}`, JAVA_HOME: home };
  };

  it.each([
    [
      'the port is taken',
      [],
      () => ({ PORT: String(taken.port) }),
      /^Port \d+ is taken: set PORT to another, e\.g\. /,
    ],
    [
      'the port is not a number',
      [],
      () => ({ PORT: '3030x' }),
      /^PORT is "3030x", but it must be a number from 0 to 65535$/,
    ],
    [
      'Node.js hides the digits of long integers',
      ['--in-memory'],
      () => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(withoutSourceText)}` }),
      /^Node\.js 22\.12 or later is needed, and this is v\d/,
    ],
    ['there is no Java', [], onlyNode, /^Java 17 or later is needed: get one/],
    ['DynamoDB Local is broken', [], brokenJava, /^DynamoDB Local does not start: no class$/],
    ['an argument is unknown', ['--memory'], () => ({}), /^Unknown option '--memory'\. Usage: npm start/],
    ['there is one argument too many', ['x'], () => ({}), /^Unexpected argument 'x'.* Usage: npm start/],
  ])('prints one line and exits with code 1 if %s', async (_kind, args, environment, line) => {
    expect(await start(args, environment()).ended).toEqual({
      code: 1,
      errors: [expect.stringMatching(line)],
    });
    expect(existsSync(recordFile())).toBe(false);
  });
});
