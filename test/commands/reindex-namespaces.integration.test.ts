import { describe, expect, test } from '@jest/globals';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { sendHeartbeat } from '../../lib/heartbeat.ts';
import { localTables, sdkEnvironment } from '../../local/environment.ts';
import { record, reindexCommand, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

/** Writes what the local server writes every 5 minutes. */
const putHeartbeat = async () => {
  Object.assign(process.env, sdkEnvironment, {
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${record().dynamoDbPort}`,
  });
  const session = { client: connect(), meter: new Meter(), signal: AbortSignal.timeout(60_000) };
  await sendHeartbeat(new Table(session, localTables.channels));
};

describe('npm run reindex', () => {
  test('repairs the derived data of the running local server, and prints what it found', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    expect(await reindexCommand('--namespace', 'company1', '--namespace', 'nobody')).toEqual({
      code: 0,
      lines: [
        'company1: index keys of 0 channels repaired',
        'company1: 0 count buckets recounted',
        // The pending change of the creation may still wait.
        expect.stringMatching(/^company1: suffix entries of [01] channels repaired$/),
        'company1: 1 enabled and 0 disabled',
        'nobody: index keys of 0 channels repaired',
        'nobody: 0 count buckets recounted',
        'nobody: suffix entries of 0 channels repaired',
        'nobody: no channels, or no such namespace',
      ],
      errors: [],
    });
  });

  test('finds the namespaces itself with --all, and takes the heartbeat for none', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    await putHeartbeat();
    const { code, lines } = await reindexCommand('--all');
    expect([code, lines.at(-1), lines.length]).toEqual([0, 'company1: 1 enabled and 0 disabled', 4]);
  });

  test('prints the usage without arguments, and says in one line that no server is running', async () => {
    const { code, errors } = await reindexCommand();
    expect([code, errors[0]]).toEqual([1, expect.stringMatching(/^Usage: npm run -s reindex /)]);
    expect(await reindexCommand('--namespace', 'company1')).toEqual({
      code: 1,
      lines: [],
      errors: ['No local server is running: start one with "npm start", or name an --environment.'],
    });
  });
});
