import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { localTables, sdkEnvironment } from '../../local/environment.ts';
import { eventually } from '../support/eventually.ts';
import { record, reindexCommand, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

describe('npm run reindex', () => {
  test('repairs the derived data of the running local server, and prints what it found', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    expect(await reindexCommand('--namespace', 'company1', '--namespace', 'nobody')).toEqual({
      code: 0,
      lines: [
        'company1: index keys of 0 channels repaired',
        // The pending change of the creation may still wait.
        expect.stringMatching(/^company1: suffix entries of [01] channels repaired$/),
        'company1: 0 count buckets recounted',
        'company1: 1 enabled and 0 disabled',
        'nobody: index keys of 0 channels repaired',
        'nobody: suffix entries of 0 channels repaired',
        'nobody: 0 count buckets recounted',
        'nobody: no channels, or no such namespace',
      ],
      errors: [],
    });
  });

  test('finds the namespaces itself with --all', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    const { code, lines } = await reindexCommand('--all');
    expect([code, lines.at(-1), lines.length]).toEqual([0, 'company1: 1 enabled and 0 disabled', 4]);
  });

  test('with --all, finds a namespace of which only projections are left, and removes them', async () => {
    Object.assign(process.env, sdkEnvironment);
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Lost' } });
    const endpoint = `http://127.0.0.1:${record().dynamoDbPort}`;
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint }));
    const itemsIn = async (TableName: string) =>
      (await client.send(new ScanCommand({ TableName }))).Items ?? [];
    await eventually(async () =>
      expect(await itemsIn(localTables.projections)).toHaveLength('Lost'.length + 1),
    );
    for (const { pk, sk } of await itemsIn(localTables.channels))
      await client.send(new DeleteCommand({ TableName: localTables.channels, Key: { pk, sk } }));

    expect(await reindexCommand('--all')).toEqual({
      code: 0,
      lines: [
        'company1: index keys of 0 channels repaired',
        'company1: suffix entries of 1 channels repaired',
        // The bucket was corrected with the suffix entries, because it still listed the channel as applied.
        'company1: 0 count buckets recounted',
        'company1: no channels, or no such namespace',
      ],
      errors: [],
    });
    expect(await itemsIn(localTables.projections)).toEqual([]);
    expect(await itemsIn(localTables.channels)).toEqual([]);
    client.destroy();
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
