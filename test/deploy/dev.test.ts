import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  RestoreTableToPointInTimeCommand,
  type StreamSpecification,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { tableNames } from '../../lib/manifest/tables.ts';
import type { BusEvent } from '../../local/event-bus.ts';
import { eventually } from '../support/eventually.ts';
import { testOperations } from '../support/operations-suite.ts';
import {
  call,
  callAws,
  deployChangedDev,
  deployDev,
  destroyApiStack,
  newKey,
  readConsumedStreams,
  replay,
  runStacksCommand,
} from './deployment.ts';
import { sendDeadLetter, subscribe } from './subscription.ts';

const tables = tableNames('dev');
const restoredTable = `${tables.channels}-restored`;
const secretId = 'client-channels/dev/cursor';
let url: string;
let key: string;
let keptChannel: { _id: string };

const createChannel = async (name: string) =>
  (await call(url, 'POST /client-channel', { key, body: { name } })).body.data;
const getChannel = (id: string) => call(url, `GET /client-channel/${id}`, { key });
const expectChannelKept = async () =>
  expect(await getChannel(keptChannel._id)).toMatchObject({ status: 200, body: { data: keptChannel } });
/** A restored table lacks these settings (docs/operations.md, "Restoring a backup"). */
const restoreSettings = async (client: DynamoDBClient, TableName: string) => {
  await client.send(
    new UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  );
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'expiresAt' },
    }),
  );
  await client.send(
    new UpdateTableCommand({
      TableName,
      DeletionProtectionEnabled: true,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      OnDemandThroughput: { MaxReadRequestUnits: 12_000, MaxWriteRequestUnits: 4_000 },
    }),
  );
};

const readSettings = async (client: DynamoDBClient, TableName: string) => {
  const { ContinuousBackupsDescription: backups } = await client.send(
    new DescribeContinuousBackupsCommand({ TableName }),
  );
  const { TimeToLiveDescription: timeToLive } = await client.send(
    new DescribeTimeToLiveCommand({ TableName }),
  );
  const { Table: table } = await client.send(new DescribeTableCommand({ TableName }));
  return {
    recovery: backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus,
    timeToLive: timeToLive?.AttributeName,
    isProtected: table?.DeletionProtectionEnabled,
    stream: table?.StreamSpecification?.StreamViewType,
  };
};

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

  it('restore a backup into a new table, and make the API use it', async () => {
    const client = new DynamoDBClient();
    await client.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: tables.channels,
        TargetTableName: restoredTable,
        UseLatestRestorableTime: true,
      }),
    );
    await restoreSettings(client, restoredTable);
    expect(await readSettings(client, restoredTable)).toEqual({
      recovery: 'ENABLED',
      timeToLive: 'expiresAt',
      isProtected: true,
      stream: 'NEW_AND_OLD_IMAGES',
    });
    const writtenLater = await createChannel('Written after the restore, to the old table');
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: restoredTable }));
    const restoredEnvironment = { channelsTable: restoredTable, channelsStream: `${table?.LatestStreamArn}` };
    deployChangedDev({ restored: restoredEnvironment });
    await expectChannelKept();
    expect(await getChannel(writtenLater._id)).toMatchObject({ status: 404 });
    const { body } = await call(url, 'GET /client-channel', { key });
    expect(body.pagination.total).toBe(body.data.length);

    deployDev();
    expect(await getChannel(writtenLater._id)).toMatchObject({ status: 200 });
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
