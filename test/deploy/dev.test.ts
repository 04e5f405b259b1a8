import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ResourceNotFoundException,
  type StreamSpecification,
  UpdateItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { tableNames } from '../../lib/manifest/tables.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import type { BusEvent } from '../../local/event-bus.ts';
import { eventually } from '../support/eventually.ts';
import { testOperations } from '../support/operations-suite.ts';
import {
  call,
  callAws,
  deployChangedDev,
  deployDev,
  destroyApiStack,
  killRestore,
  newKey,
  readConsumedStreams,
  readMetricLines,
  replay,
  restoreBackup,
  runFunction,
  runStacksCommand,
} from './deployment.ts';

import { sendDeadLetter, subscribe } from './subscription.ts';
import { readSettings, settingsInTemplate } from './table-settings.ts';

const tables = tableNames('dev');
const secretId = 'client-channels/dev/cursor';
let url: string;
let key: string;
let keptChannel: { _id: string };

const createChannel = async (name: string) =>
  (await call(url, 'POST /client-channel', { key, body: { name } })).body.data;
const getChannel = (id: string) => call(url, `GET /client-channel/${id}`, { key });
const expectChannelKept = async () =>
  expect(await getChannel(keptChannel._id)).toMatchObject({ status: 200, body: { data: keptChannel } });
const expectEachStack = (output: string, text: string) => {
  for (const stack of ['data', 'api', 'events'])
    expect(output).toContain(`client-channels-${stack}-dev${text}`);
};

beforeAll(async () => {
  runStacksCommand('bootstrap');
  ({ url } = deployDev());
  key = await newKey({ namespaces: ['acme'] });
  keptChannel = await createChannel('Kept');
});

describe('the deployed API', () => testOperations(() => ({ newKey, call: (...args) => call(url, ...args) })));

describe('the event bus', () => {
  it('delivers the changes of a channel to the targets of rules of other systems', async () => {
    const queue = await subscribe('changes-of-acme', { detail: { namespace: ['acme'] } });
    const created = await createChannel('Followed');
    const { body } = await call(url, `PUT /client-channel/${created._id}`, {
      key,
      body: { name: 'Renamed' },
    });
    await call(url, `DELETE /client-channel/${created._id}`, { key });
    const isAboutCreated = (event: BusEvent) =>
      (event.detail.channel ?? event.detail.previous)._id === created._id;
    const events: BusEvent[] = [];
    await eventually(async () => {
      events.push(...(await queue.receive()).filter(isAboutCreated));
      expect(new Set(events.map(({ detail }) => detail.id)).size).toBe(3);
    }, 60_000);
    const published = events.map(({ source, 'detail-type': type, detail }) => ({ source, type, detail }));
    expect(published).toContainEqual({
      source: 'client-channels',
      type: 'ChannelUpdated',
      detail: {
        schema_version: 1,
        id: `acme:${created._id}:1`,
        namespace: 'acme',
        version: 1,
        occurred_at: body.data.updatedAt,
        actor: key.split('_')[2],
        channel: body.data,
        previous: created,
        changed: ['name'],
      },
    });
    expect([...new Set(published.map(({ type }) => type))].sort()).toEqual([
      'ChannelCreated',
      'ChannelDeleted',
      'ChannelUpdated',
    ]);
  });
});

describe('the history of a channel', () => {
  it('has its versions, also after its deletion', async () => {
    const created = await createChannel('Remembered');
    await call(url, `DELETE /client-channel/${created._id}`, { key });
    await eventually(async () => {
      const { body } = await call(url, `GET /client-channel/${created._id}/history`, { key });
      expect(body.data).toMatchObject([
        { version: 1, type: 'deleted', channel: null },
        { version: 0, type: 'created', actor: key.split('_')[2], channel: created },
      ]);
    }, 60_000);
  });
});

describe('npm run replay', () => {
  it('publishes an event again from the table, and from a dead letter with the record of the stream', async () => {
    const queue = await subscribe('changes-again', { detail: { namespace: ['acme'] } });
    const created = await createChannel('To be heard again');
    await call(url, `PUT /client-channel/${created._id}`, { key, body: { name: 'Heard' } });
    const isUpdate = ({ detail }: BusEvent) => detail.id === `acme:${created._id}:1`;
    const receiveUpdate = async () => {
      const received: BusEvent[] = [];
      await eventually(async () => {
        received.push(...(await queue.receive()).filter(isUpdate));
        expect(received).toHaveLength(1);
      }, 60_000);
      return received[0]?.detail;
    };
    const original = await receiveUpdate();

    const channel = ['--namespace', 'acme', '--channel', created._id];
    expect(replay(...channel, '--send')).toContain('1 events published.');
    expect(await receiveUpdate()).toEqual({ ...original, previous: null, changed: [] });

    await sendDeadLetter('client-channels-dev-publish-events-dead-letters', created._id);
    expect(replay('--dead-letters')).toContain('2 events would be published: add --send to do it.');
    expect(replay('--dead-letters', '--send')).toContain('2 events published.');
    expect(await receiveUpdate()).toEqual(original);
    expect(replay('--dead-letters')).toContain('0 events would be published');
  });
});

describe('npm run diff', () => {
  it('finds no differences after a deployment', () => {
    expect(runStacksCommand('diff')).toContain('Number of stacks with differences: 0');
  });
});

describe('a deployment', () => {
  it('changes nothing if nothing has changed since the last one', async () => {
    const second = deployDev();
    expectEachStack(second.output, ' (no changes)');
    expect(second.url).toBe(url);
    await expectChannelKept();
  });

  it('keeps the data when it changes an alarm and a function', async () => {
    const output = deployChangedDev({
      alarms: { errorCount: 2, p99LatencyMs: 2_000, streamLagMs: 60_000 },
      sourceMaps: false,
    });
    expect(output).toContain('client-channels-data-dev (no changes)');
    expect(output).toMatch(/UPDATE_COMPLETE.*AWS::CloudWatch::Alarm/);
    expect(output).toMatch(/UPDATE_COMPLETE.*AWS::Lambda::Function/);
    await expectChannelKept();
  });
});

describe('the stream consumers', () => {
  it('get a heartbeat of the sweep through the stream, and log a metric of it', async () => {
    await runFunction('sweep-pending');
    for (const consumer of ['publish-events', 'project-channels'])
      await eventually(async () =>
        expect(await readMetricLines(consumer)).toContainEqual({
          timestamp: expect.any(String),
          level: 'INFO',
          _aws: {
            Timestamp: expect.any(Number),
            CloudWatchMetrics: [
              {
                Namespace: 'client-channels-dev',
                Dimensions: [['Function']],
                Metrics: [{ Name: 'HeartbeatDelay', Unit: 'Milliseconds' }],
              },
            ],
          },
          Function: consumer,
          HeartbeatDelay: expect.any(Number),
        }),
      );
  });

  it('follow a stream with another ARN at the next deployment', async () => {
    const client = new DynamoDBClient();
    const setStream = (StreamSpecification: StreamSpecification) =>
      client.send(new UpdateTableCommand({ TableName: tables.channels, StreamSpecification }));
    await setStream({ StreamEnabled: false });
    await setStream({ StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' });
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: tables.channels }));
    const stream = table?.LatestStreamArn as string;
    expect(await readConsumedStreams()).not.toEqual([stream]);

    const Name = '/client-channels/dev/channels-stream';
    await callAws('AmazonSSM.PutParameter', { Name, Value: stream, Type: 'String', Overwrite: true });
    deployDev();
    expect(await readConsumedStreams()).toEqual([stream]);
    await expectChannelKept();
  });
});

describe('the steps of docs/operations.md', () => {
  it('rotate the cursor secret: older cursors work until the previous version is removed', async () => {
    const list = async (cursor?: string) =>
      call(url, `GET /client-channel?per_page=1${cursor ? `&cursor=${cursor}` : ''}`, { key });
    await createChannel('Second');
    const before = (await list()).body.pagination.next_cursor;

    const { VersionId: previous } = await callAws('secretsmanager.GetSecretValue', { SecretId: secretId });
    const { VersionId: current } = await callAws('secretsmanager.PutSecretValue', {
      SecretId: secretId,
      SecretString: 'ab'.repeat(32),
    });
    const versions = { current: `${current}`, previous: `${previous}` };
    deployChangedDev({ cursorSecret: versions });
    expect(await list(before)).toMatchObject({ status: 200 });
    const after = (await list()).body.pagination.next_cursor;

    deployChangedDev({ cursorSecret: { current: versions.current } });
    expect(await list(before)).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
    expect(await list(after)).toMatchObject({ status: 200 });
  });
});

describe('npm run restore-backup', () => {
  const at = '2026-11-24T09:00:00Z';
  const restored = {
    channels: `${tables.channels}-20261124T090000Z`,
    projections: `${tables.projections}-20261124T090000Z`,
  };
  const client = new DynamoDBClient();
  let writtenLater: { _id: string };
  let restoredChannel: { _id: string; __v: number };

  it('is refused if the project is not what is deployed, before it makes a table', async () => {
    // The tests before have deployed another cursor secret than the project says.
    expect(() => restoreBackup(at)).toThrow(
      'this copy of the project is not what is deployed to dev: check out the commit that is deployed',
    );
    const describeTable = client.send(new DescribeTableCommand({ TableName: restored.channels }));
    await expect(describeTable).rejects.toThrow(ResourceNotFoundException);
    deployDev();
  });

  it('leaves the service on its own tables if it is killed halfway', async () => {
    // A backup can contain a part of a transaction, so that its totals are wrong.
    await client.send(
      new UpdateItemCommand({
        TableName: tables.channels,
        Key: { pk: { S: 'NS#acme' }, sk: { S: '!count#0' } },
        UpdateExpression: 'ADD enabled :seven',
        ExpressionAttributeValues: { ':seven': { N: '7' } },
      }),
    );
    restoredChannel = await createChannel('To be changed after the restore');
    await killRestore('Setting up', at);
    await expectChannelKept();
    await call(url, `PUT /client-channel/${restoredChannel._id}`, { key, body: { name: 'Lost' } });
    writtenLater = await createChannel('Written after the restore, to the table in use');
  });

  it('goes on with the same tables when it is run again, and the service then uses them', async () => {
    const output = restoreBackup(at);
    expect(output).toMatch(/acme: \d+ enabled and \d+ disabled, corrected from \d+ enabled/);
    expect(output).not.toContain('client-channels-data-dev');
    const { body: kept } = await getChannel(keptChannel._id);
    expect(kept.data).toEqual({ ...keptChannel, __v: kept.data.__v });
    expect(await getChannel(writtenLater._id)).toMatchObject({ status: 404 });
    const { body } = await call(url, 'GET /client-channel', { key });
    expect(body.pagination.total).toBe(body.data.length);
    const found = await call(url, 'GET /client-channel?search=kept', { key });
    expect(found.body.data).toEqual([kept.data]);
  });

  it('leaves the history as it is, also that of channels which the backup does not have', async () => {
    const { body } = await call(url, `GET /client-channel/${writtenLater._id}/history`, { key });
    expect(body.data).toMatchObject([{ version: 0, type: 'created', channel: writtenLater }]);
  });

  it('changes nothing if it is run again after that', () => {
    expect(restoreBackup(at)).toContain('client-channels-api-dev (no changes)');
  });

  it('gives the new tables all settings of the tables in the template', async () => {
    // AWS restores the encryption with the table (API Reference, RestoreTableToPointInTime). The emulated AWS does not.
    expect({ ...(await readSettings(client, restored.channels)), encryption: 'KMS' }).toEqual(
      settingsInTemplate(tables.channels),
    );
    expect(await readSettings(client, restored.projections)).toEqual(settingsInTemplate(tables.projections));
  });

  it('makes events and projections follow the new tables, with newer versions than any that is lost', async () => {
    const queue = await subscribe('changes-after-restore', { detail: { namespace: ['acme'] } });
    const { body: changed } = await call(url, `PUT /client-channel/${restoredChannel._id}`, {
      key,
      body: { name: 'Changed after the restore' },
    });
    // The lost change was made before the tables were in use, and had the version 1.
    expect(changed.data.__v).toBeGreaterThan(Date.parse(changed.data.createdAt));
    const created = await createChannel('Restored');
    const received: BusEvent[] = [];
    await eventually(async () => {
      received.push(...(await queue.receive()));
      expect(received.map(({ detail }) => detail.id)).toEqual(
        expect.arrayContaining([`acme:${created._id}:0`, `acme:${changed.data._id}:${changed.data.__v}`]),
      );
    }, 60_000);
    // The stream consumers do not see that versions were raised.
    expect(received.filter(({ detail }) => detail.channel?._id === keptChannel._id)).toEqual([]);
    const [{ pk, sk } = { pk: '', sk: '' }] = suffixEntries('acme', created._id, 'restored');
    await eventually(async () => {
      const Key = { pk: { S: pk }, sk: { S: sk } };
      const { Item } = await client.send(new GetItemCommand({ TableName: restored.projections, Key }));
      expect(Item?.name).toEqual({ S: 'restored' });
    }, 60_000);
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: restored.channels }));
    expect(await readConsumedStreams()).toEqual([table?.LatestStreamArn]);
  });

  it('can restore an earlier table while the service uses the restored one', async () => {
    await killRestore(`Restoring ${tables.channels} as`, '2026-11-23T09:00:00Z', '--from', tables.channels);
    expect(await getChannel(writtenLater._id)).toMatchObject({ status: 404 });
  });

  it('is undone by deleting the parameter that names the restored tables', async () => {
    deployDev();
    expect(await getChannel(writtenLater._id)).toMatchObject({ status: 404 });
    await callAws('AmazonSSM.DeleteParameter', { Name: '/client-channels/dev/restored-tables' });
    deployDev();
    expect(await getChannel(writtenLater._id)).toMatchObject({ status: 200 });
  });

  it('is refused for a table that has been in use', () => {
    expect(() => restoreBackup(at)).toThrow(
      `The table ${restored.channels} has been in use since it was restored.`,
    );
  });
});

describe('the API', () => {
  it('can be destroyed and deployed again without touching data, keys or secret', async () => {
    destroyApiStack();
    await expect(getChannel(keptChannel._id)).resolves.not.toMatchObject({ status: 200 });
    ({ url } = deployDev());
    await expectChannelKept();
  });
});

describe('npm run destroy', () => {
  it('destroys dev with its tables', async () => {
    runStacksCommand('destroy', '--force');
    const describeTable = new DynamoDBClient().send(new DescribeTableCommand({ TableName: tables.channels }));
    await expect(describeTable).rejects.toThrow(ResourceNotFoundException);
  });
});
