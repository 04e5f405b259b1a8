import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toCreateTableInput } from '../../lib/manifest/create-table-input.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import { type DynamoDbLocal, isDynamoDbLocalOf, startDynamoDbLocal } from '../../local/dynamodb-local.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { findJava } from '../../local/java.ts';
import { commandLine } from '../../local/processes.ts';

let folder: string;
let java: string;
const clientOf = ({ endpoint }: DynamoDbLocal) =>
  new DynamoDBClient({
    endpoint,
    region: sdkEnvironment.AWS_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });

beforeAll(async () => {
  Object.assign(process.env, sdkEnvironment);
  folder = mkdtempSync(join(tmpdir(), 'dynamodb local test '));
  java = await findJava();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fakeJava = (script: string) => {
  const file = join(folder, `java-${Math.random()}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
};

/** The local addresses, in hex, on which a process listens to a port. Read from the kernel's table (Linux only). */
const listeningAddresses = (port: number) => {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .filter((table) => existsSync(table))
    .flatMap((table) => readFileSync(table, 'utf8').split('\n').slice(1))
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${hexPort}`) && state === '0A')
    .map(([, local]) => local?.split(':')[0]);
};

describe('DynamoDB Local with a folder', () => {
  it('keeps its data for the next process and closes its database when it is stopped', async () => {
    const dbPath = join(folder, 'data');
    const TableName = 'kept-table';
    const item = { pk: { S: 'a' }, sk: { S: 'b' }, text: { S: 'kept' } };
    const options = { java, dbPath, owner: folder };

    const spawned: number[] = [];
    const first = await startDynamoDbLocal({ ...options, onSpawn: (pid) => spawned.push(pid) });
    expect(spawned).toEqual([first.pid]);
    expect(isDynamoDbLocalOf(folder, commandLine(first.pid) ?? '')).toBe(true);
    const client = clientOf(first);
    await client.send(new CreateTableCommand(toCreateTableInput(TableName, channelsTable)));
    await client.send(new PutItemCommand({ TableName, Item: item }));
    await first.stop();
    expect(await first.ended).toMatch(/code 143|SIGTERM/);
    expect(commandLine(first.pid)).toBeUndefined();
    expect(readdirSync(dbPath)).toEqual(['shared-local-instance.db']);

    const second = await startDynamoDbLocal(options);
    await createTables(clientOf(second), { [TableName]: channelsTable });
    const { Item } = await clientOf(second).send(
      new GetItemCommand({ TableName, Key: { pk: { S: 'a' }, sk: { S: 'b' } } }),
    );
    expect(Item).toEqual(item);
    await second.stop();
    await second.stop();
  });
});

describe('DynamoDB Local in memory', () => {
  it('listens only on loopback, and reports the signal that killed it', async () => {
    const dynamoDb = await startDynamoDbLocal({ java, owner: folder });
    if (process.platform === 'linux') expect(listeningAddresses(dynamoDb.port)).toEqual(['0100007F']);
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address && !address.internal && address.family === 'IPv4');
    if (outside) await expect(fetch(`http://${outside.address}:${dynamoDb.port}/`)).rejects.toThrow();
    expect((await fetch(dynamoDb.endpoint)).status).toBeLessThan(500);

    process.kill(dynamoDb.pid, 'SIGKILL');
    expect(await dynamoDb.ended).toBe('it ended with SIGKILL');
  });
});

describe('a failed start of DynamoDB Local', () => {
  it('reports in one line the last error that Java printed, if the process ends early', async () => {
    const broken = fakeJava('echo "Error: no such class" >&2; echo "    at some.Frame" >&2; exit 3');
    await expect(startDynamoDbLocal({ java: broken, owner: folder })).rejects.toThrow(
      new Error('DynamoDB Local does not start: Error: no such class'),
    );
  });

  it('reports the exit code in one line if the process ends without output', async () => {
    await expect(startDynamoDbLocal({ java: fakeJava('exit 3'), owner: folder })).rejects.toThrow(
      new Error('DynamoDB Local does not start: it ended with code 3'),
    );
  });

  it('reports in one line that the program does not exist', async () => {
    await expect(startDynamoDbLocal({ java: join(folder, 'none'), owner: folder })).rejects.toThrow(
      /^DynamoDB Local does not start: spawn .* ENOENT$/,
    );
  });

  it('reports a start that takes too long in one line and leaves no process running', async () => {
    let pid = 0;
    const silent = fakeJava('echo "still thinking" >&2; exec sleep 60');
    const start = startDynamoDbLocal({
      java: silent,
      owner: folder,
      startTimeoutMs: 300,
      onSpawn: (spawned) => {
        pid = spawned;
      },
    });
    await expect(start).rejects.toThrow(
      new Error('DynamoDB Local does not start: it did not answer within 0.3 s: still thinking'),
    );
    expect(commandLine(pid)).toBeUndefined();
  });

  it('leaves no process running if the start is cancelled', async () => {
    const cancelled = new AbortController();
    let pid = 0;
    const start = startDynamoDbLocal({
      java,
      owner: folder,
      signal: cancelled.signal,
      onSpawn: (spawned) => {
        pid = spawned;
        setImmediate(() => cancelled.abort(new Error('cancelled')));
      },
    });
    await expect(start).rejects.toThrow('cancelled');
    expect(commandLine(pid)).toBeUndefined();
  });
});

describe('findJava', () => {
  /** Writes a `java` that prints its version, and then runs the script. */
  const writeJava = (bin: string, version: string, script = '') => {
    mkdirSync(bin, { recursive: true });
    const lines = ['#!/bin/sh', `echo '${version}' >&2`, script, ''];
    writeFileSync(join(bin, 'java'), lines.join('\n'), { mode: 0o755 });
  };

  it('prefers the Java in JAVA_HOME to the one in PATH', async () => {
    const home = join(folder, 'home');
    writeJava(join(home, 'bin'), 'openjdk version "21.0.1"');
    expect(await findJava({ JAVA_HOME: home, PATH: process.env.PATH })).toBe(join(home, 'bin', 'java'));
    expect(await findJava({ JAVA_HOME: join(folder, 'nowhere'), PATH: process.env.PATH })).toBe(java);
  });

  it('says in one line how to get Java if there is none', async () => {
    await expect(findJava({ PATH: folder })).rejects.toThrow(
      /^Java 17 or later is needed: get one.*JAVA_HOME$/,
    );
  });

  it('says what is wrong with the Java that it found, and takes the next one that is suitable', async () => {
    const old = join(folder, 'old');
    writeJava(old, 'java version "1.8.0_422"');
    await expect(findJava({ PATH: old })).rejects.toThrow(
      /^Java 17 or later is needed, and \S.*java is Java 8: get one.*$/,
    );
    const bare = join(folder, 'bare');
    writeJava(bare, 'openjdk version "17.0.15"', '[ "$1" = -version ] || exit 1');
    await expect(findJava({ PATH: bare })).rejects.toThrow(
      /^Java 17 or later is needed, and \S.*java is Java 17 without its compiler \(jdk\.compiler\): get one.*$/,
    );
    expect(await findJava({ PATH: `${old}:${bare}:${process.env.PATH}` })).toBe(java);
  });
});
