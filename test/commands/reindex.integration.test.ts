import { describe, expect, test } from '@jest/globals';
import { connect } from '../../lib/dynamodb/client.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { sendHeartbeat } from '../../lib/heartbeat.ts';
import { namespaceOfLog } from '../../lib/projections/change-log/log-items.ts';
import { openChannelTables } from '../../lib/projections/open-tables.ts';
import { localTables, sdkEnvironment } from '../../local/environment.ts';
import { eventually } from '../support/eventually.ts';
import { record, reindexCommand, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

/** Opens the tables of the running local server. */
const openTables = () => {
  Object.assign(process.env, sdkEnvironment, {
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${record().dynamoDbPort}`,
  });
  return openChannelTables(connect(), localTables, AbortSignal.timeout(60_000));
};

const itemsOf = async (table: Table) => {
  const items: Item[] = [];
  for await (const item of table.scan()) items.push(item);
  return items;
};

/** The items of projections that a re-index can rebuild: all but those of change logs. */
const rebuildableItemsOf = async (projections: Table) =>
  (await itemsOf(projections)).filter(({ pk }) => namespaceOfLog(pk as string) === undefined);

describe('npm run reindex', () => {
  test('repairs the derived data of the running local server, and prints what it found', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    expect(await reindexCommand('--namespace', 'company1', '--namespace', 'nobody')).toEqual({
      code: 0,
      lines: [
        'company1: index keys of 0 channels repaired',
        'company1: 0 external keys repaired',
        // The pending change of the creation may still wait.
        expect.stringMatching(/^company1: suffix entries of [01] channels repaired$/),
        'company1: 0 count buckets recounted',
        'company1: 1 enabled and 0 disabled',
        'nobody: index keys of 0 channels repaired',
        'nobody: 0 external keys repaired',
        'nobody: suffix entries of 0 channels repaired',
        'nobody: 0 count buckets recounted',
        'nobody: no channels, or no such namespace',
      ],
      errors: [],
    });
  });

  test('finds the namespaces itself with --all, and takes the heartbeat for none', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    // The local server writes it every 5 minutes.
    await sendHeartbeat(openTables().channels);
    const { code, lines } = await reindexCommand('--all');
    expect([code, lines.at(-1), lines.length]).toEqual([0, 'company1: 1 enabled and 0 disabled', 5]);
  });

  test('with --new-generation, begins a new change log, and readers of changes begin again', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    const { body } = await send(url, 'GET /client-channel/changes', { key });
    const { code, lines } = await reindexCommand('--namespace', 'company1', '--new-generation');
    expect([code, lines.at(-1)]).toEqual([0, 'company1: a new change log has begun']);

    const cursor = body.pagination.next_cursor;
    const reply = await send(url, `GET /client-channel/changes?cursor=${cursor}`, { key });
    expect([reply.status, reply.body.code]).toEqual([410, 'cursor_expired']);
  });

  test('with --all, finds a namespace of which only projections are left, and removes them', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Lost' } });
    const { channels, projections } = openTables();
    await eventually(async () =>
      expect(await rebuildableItemsOf(projections)).toHaveLength('Lost'.length + 1),
    );
    for (const { pk, sk } of await itemsOf(channels))
      await channels.delete({ Key: { pk: pk as string, sk: sk as string } });

    expect(await reindexCommand('--all')).toEqual({
      code: 0,
      lines: [
        'company1: index keys of 0 channels repaired',
        'company1: 0 external keys repaired',
        'company1: suffix entries of 1 channels repaired',
        // The bucket was corrected with the suffix entries, because it still listed the channel as applied.
        'company1: 0 count buckets recounted',
        'company1: no channels, or no such namespace',
      ],
      errors: [],
    });
    expect(await rebuildableItemsOf(projections)).toEqual([]);
    expect(await itemsOf(channels)).toEqual([]);
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
