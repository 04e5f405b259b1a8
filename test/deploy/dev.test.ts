import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  RestoreTableToPointInTimeCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { tableNames } from '../../lib/manifest/tables.ts';
import type { BusEvent } from '../../local/event-bus.ts';
import { eventually } from '../support/eventually.ts';
import { testOperations } from '../support/operations-suite.ts';
import { askAws, call, deploy, deployWith, destroyApi, newKey, replay, stacks } from './deployment.ts';
import { sendDeadLetter, subscribe } from './subscription.ts';

const tables = tableNames('dev');
const restored = `${tables.channels}-restored`;
const secretId = 'client-channels/dev/cursor';
let url: string;
let key: string;
let kept: { _id: string };

const create = async (name: string) =>
  (await call(url, 'POST /client-channel', { key, body: { name } })).body.data;
const read = (id: string) => call(url, `GET /client-channel/${id}`, { key });
const expectKept = async () =>
  expect(await read(kept._id)).toMatchObject({ status: 200, body: { data: kept } });
/** What a restored table comes without. */
const giveSettingsBack = async (client: DynamoDBClient, TableName: string) => {
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

const settingsOf = async (client: DynamoDBClient, TableName: string) => {
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

const expectAll = (said: string, words: string) => {
  for (const stack of ['data', 'api', 'events'])
    expect(said).toContain(`client-channels-${stack}-dev${words}`);
};

beforeAll(async () => {
  stacks('bootstrap');
  ({ url } = deploy());
  key = await newKey({ namespaces: ['acme'] });
  kept = await create('Kept');
});

describe('deployed', () => testOperations(() => ({ newKey, call: (...words) => call(url, ...words) })));

describe('the event bus', () => {
  it('hands what becomes of a channel to the targets of others’ rules', async () => {
    const queue = await subscribe('changes-of-acme', { detail: { namespace: ['acme'] } });
    const created = await create('Followed');
    const { body } = await call(url, `PUT /client-channel/${created._id}`, {
      key,
      body: { name: 'Renamed' },
    });
    await call(url, `DELETE /client-channel/${created._id}`, { key });
    const about = (event: BusEvent) => (event.detail.channel ?? event.detail.previous)._id === created._id;
    const events: BusEvent[] = [];
    await eventually(async () => {
      events.push(...(await queue.receive()).filter(about));
      expect(new Set(events.map(({ detail }) => detail.id)).size).toBe(3);
    }, 60_000);
    const told = events.map(({ source, 'detail-type': type, detail }) => ({ source, type, detail }));
    expect(told).toContainEqual({
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
    expect([...new Set(told.map(({ type }) => type))].sort()).toEqual([
      'ChannelCreated',
      'ChannelDeleted',
      'ChannelUpdated',
    ]);
  });
});

describe('npm run replay', () => {
  it('brings back from the table, and from a dead letter by way of the stream, what the targets had', async () => {
    const queue = await subscribe('changes-again', { detail: { namespace: ['acme'] } });
    const created = await create('To be heard again');
    await call(url, `PUT /client-channel/${created._id}`, { key, body: { name: 'Heard' } });
    const isUpdate = ({ detail }: BusEvent) => detail.id === `acme:${created._id}:1`;
    const hearUpdate = async () => {
      const heard: BusEvent[] = [];
      await eventually(async () => {
        heard.push(...(await queue.receive()).filter(isUpdate));
        expect(heard).toHaveLength(1);
      }, 60_000);
      return heard[0]?.detail;
    };
    const original = await hearUpdate();

    const channel = ['--namespace', 'acme', '--channel', created._id];
    expect(replay(...channel, '--send')).toContain('1 events published.');
    expect(await hearUpdate()).toEqual({ ...original, previous: null, changed: [] });

    await sendDeadLetter('client-channels-dev-publish-events-dead-letters', created._id);
    expect(replay('--dead-letters')).toContain('2 events would be published: add --send to do it.');
    expect(replay('--dead-letters', '--send')).toContain('2 events published.');
    expect(await hearUpdate()).toEqual(original);
    expect(replay('--dead-letters')).toContain('0 events would be published');
  });
});

describe('a deployment', () => {
  it('changes nothing the second time', async () => {
    const second = deploy();
    expectAll(second.said, ' (no changes)');
    expect(second.url).toBe(url);
    await expectKept();
  });

  it('that changes an alarm and a function keeps the data', async () => {
    const said = deployWith({
      alarms: { errorCount: 2, p99LatencyMs: 2_000, streamLagMs: 60_000 },
      sourceMaps: false,
    });
    expect(said).toContain('client-channels-data-dev (no changes)');
    expect(said).toMatch(/UPDATE_COMPLETE.*AWS::CloudWatch::Alarm/);
    expect(said).toMatch(/UPDATE_COMPLETE.*AWS::Lambda::Function/);
    await expectKept();
  });
});

describe('the steps of docs/operations.md', () => {
  it('rotate the cursor secret: cursors of before are opened until the previous one is taken away', async () => {
    const list = async (cursor?: string) =>
      call(url, `GET /client-channel?per_page=1${cursor ? `&cursor=${cursor}` : ''}`, { key });
    await create('Second');
    const before = (await list()).body.pagination.next_cursor;

    const { VersionId: previous } = await askAws('secretsmanager.GetSecretValue', { SecretId: secretId });
    const { VersionId: current } = await askAws('secretsmanager.PutSecretValue', {
      SecretId: secretId,
      SecretString: 'ab'.repeat(32),
    });
    const versions = { current: `${current}`, previous: `${previous}` };
    deployWith({ cursorSecret: versions });
    expect(await list(before)).toMatchObject({ status: 200 });
    const after = (await list()).body.pagination.next_cursor;

    deployWith({ cursorSecret: { current: versions.current } });
    expect(await list(before)).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
    expect(await list(after)).toMatchObject({ status: 200 });
  });

  it('restore the table into a new one, and point the API at it', async () => {
    const client = new DynamoDBClient();
    await client.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: tables.channels,
        TargetTableName: restored,
        UseLatestRestorableTime: true,
      }),
    );
    await giveSettingsBack(client, restored);
    expect(await settingsOf(client, restored)).toEqual({
      recovery: 'ENABLED',
      timeToLive: 'expiresAt',
      isProtected: true,
      stream: 'NEW_AND_OLD_IMAGES',
    });
    const lost = await create('Written after the restore, to the old table');
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: restored }));
    const restoredEnvironment = { channelsTable: restored, channelsStream: `${table?.LatestStreamArn}` };
    deployWith({ restored: restoredEnvironment });
    await expectKept();
    expect(await read(lost._id)).toMatchObject({ status: 404 });
    const { body } = await call(url, 'GET /client-channel', { key });
    expect(body.pagination.total).toBe(body.data.length);

    deploy();
    expect(await read(lost._id)).toMatchObject({ status: 200 });
  });
});

describe('the API', () => {
  it('is destroyed and deployed again without touching data, keys or secret', async () => {
    destroyApi();
    await expect(read(kept._id)).resolves.not.toMatchObject({ status: 200 });
    ({ url } = deploy());
    await expectKept();
  });
});

describe('at the end', () => {
  it('dev is destroyed, tables and all', async () => {
    stacks('destroy', '--force');
    const describeTable = new DynamoDBClient().send(new DescribeTableCommand({ TableName: tables.channels }));
    await expect(describeTable).rejects.toThrow(ResourceNotFoundException);
  });
});
