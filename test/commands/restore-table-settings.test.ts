import {
  ContinuousBackupsUnavailableException,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { changeTable, type TableChanges, waitUntilActive } from '../../commands/restore/table-changes.ts';
import { applySettings, enableStream } from '../../commands/restore/table-settings.ts';
import { environments } from '../../infra/environments.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';

// The emulated AWS and DynamoDB Local change a table at once. On AWS a change takes a while, and DynamoDB refuses others
// until it ends. So these tests mock the answers of AWS.

const prod = environments.find(({ name }) => name === 'prod') as (typeof environments)[number];
const error = { message: 'refused', $metadata: {} };

/** A table that two descriptions after each change show as not active. It refuses changes until a description shows it as active. */
const restoredTable = ({ backupsUnavailable = 0 } = {}) => {
  let descriptionsUntilActive = 3;
  let isActive = false;
  let refused = 0;
  let unavailable = backupsUnavailable;
  let timeToLive = 'DISABLED';
  let recovery = 'DISABLED';
  const made: object[] = [];
  const table: Record<string, unknown> = { TableArn: 'arn', DeletionProtectionEnabled: false };
  const indexes = channelsTable.indexes.map(({ name }) => ({ IndexName: name }) as Record<string, unknown>);
  const change = (input: object) => {
    if (!isActive) {
      refused++;
      throw new ResourceInUseException(error);
    }
    isActive = false;
    descriptionsUntilActive = 2;
    made.push(input);
    return {};
  };
  const aws = mockClient(DynamoDBClient);
  aws.on(DescribeTableCommand).callsFake(() => {
    // The table is active before its indexes.
    const tableStatus = descriptionsUntilActive > 1 ? 'UPDATING' : 'ACTIVE';
    const IndexStatus = descriptionsUntilActive > 0 ? 'UPDATING' : 'ACTIVE';
    isActive = IndexStatus === 'ACTIVE';
    descriptionsUntilActive--;
    return {
      Table: {
        ...table,
        TableStatus: tableStatus,
        GlobalSecondaryIndexes: indexes.map((index) => ({ ...index, IndexStatus })),
      },
    };
  });
  aws.on(UpdateTableCommand).callsFake(({ TableName: _, ...input }: UpdateTableCommandInput) => {
    change(input);
    const { GlobalSecondaryIndexUpdates: [first] = [], ...settings } = input;
    const index = indexes.find(({ IndexName }) => IndexName === first?.Update?.IndexName);
    Object.assign(
      index ?? table,
      first ? { OnDemandThroughput: first.Update?.OnDemandThroughput } : settings,
    );
  });
  aws
    .on(DescribeTimeToLiveCommand)
    .callsFake(() => ({ TimeToLiveDescription: { TimeToLiveStatus: timeToLive } }));
  aws.on(UpdateTimeToLiveCommand).callsFake(({ TableName: _, ...input }) => {
    change(input);
    timeToLive = 'ENABLING';
  });
  aws.on(DescribeContinuousBackupsCommand).callsFake(() => ({
    ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: recovery } },
  }));
  aws.on(UpdateContinuousBackupsCommand).callsFake(({ TableName: _, ...input }) => {
    if (unavailable-- > 0) throw new ContinuousBackupsUnavailableException(error);
    change(input);
    recovery = 'ENABLED';
  });
  aws.on(TagResourceCommand).callsFake((input) => change(input));
  const changes: TableChanges = { client: new DynamoDBClient(), pauseMs: 0 };
  return { changes, made, refused: () => refused };
};

const limit = (reads: number, writes: number) => ({
  MaxReadRequestUnits: reads,
  MaxWriteRequestUnits: writes,
});
const tags = {
  ResourceArn: 'arn',
  Tags: [
    { Key: 'service', Value: 'client-channels' },
    { Key: 'environment', Value: 'prod' },
  ],
};
const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } };

describe('the settings of a restored table', () => {
  it('are made one at a time, each when the table and its indexes are active again', async () => {
    const { changes, made, refused } = restoredTable();
    await applySettings(changes, 'restored', prod, 'channels');
    await enableStream(changes, 'restored');
    const { channels, channelsIndex } = prod.maxTableUnits;
    expect({ made, refused: refused() }).toEqual({
      made: [
        { DeletionProtectionEnabled: true },
        { OnDemandThroughput: limit(channels.reads, channels.writes) },
        ...channelsTable.indexes.map(({ name: IndexName }) => ({
          GlobalSecondaryIndexUpdates: [
            { Update: { IndexName, OnDemandThroughput: limit(channelsIndex.reads, channelsIndex.writes) } },
          ],
        })),
        { TimeToLiveSpecification: { Enabled: true, AttributeName: 'expiresAt' } },
        { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
        tags,
        stream,
      ],
      refused: 0,
    });
  });

  it('are not made again if they are right', async () => {
    const { changes, made } = restoredTable();
    await applySettings(changes, 'restored', prod, 'channels');
    await enableStream(changes, 'restored');
    const before = made.length;
    await applySettings(changes, 'restored', prod, 'channels');
    await enableStream(changes, 'restored');
    expect(made.slice(before)).toEqual([tags]);
  });

  it('are tried again while DynamoDB has not yet enabled backups of a new table', async () => {
    const { changes, made } = restoredTable({ backupsUnavailable: 3 });
    await applySettings(changes, 'restored', prod, 'channels');
    expect(made).toContainEqual({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } });
  });

  it('of the projections table include no recovery, because it can be rebuilt', async () => {
    const { changes, made } = restoredTable();
    await applySettings(changes, 'restored', prod, 'projections');
    const { reads, writes } = prod.maxTableUnits.projections;
    expect(made).toEqual([
      { DeletionProtectionEnabled: true },
      { OnDemandThroughput: limit(reads, writes) },
      { TimeToLiveSpecification: { Enabled: true, AttributeName: 'expiresAt' } },
      tags,
    ]);
  });
});

describe('a change of a table', () => {
  it('is given up with the error of DynamoDB after 120 attempts', async () => {
    const { changes } = restoredTable();
    let attempts = 0;
    const change = changeTable(changes, 'restored', async () => {
      attempts++;
      throw new ResourceInUseException(error);
    });
    await expect(change).rejects.toBeInstanceOf(ResourceInUseException);
    expect(attempts).toBe(120);
  });

  it('is not tried again if DynamoDB refuses it for another reason', async () => {
    const { changes } = restoredTable();
    let attempts = 0;
    const change = changeTable(changes, 'restored', async () => {
      attempts++;
      throw new Error('wrong');
    });
    await expect(change).rejects.toThrow('wrong');
    expect(attempts).toBe(1);
  });
});

describe('waiting for a table', () => {
  const changes = (): TableChanges => ({ client: new DynamoDBClient(), pauseMs: 0 });
  const active = { Table: { TableStatus: 'ACTIVE' as const } };

  it('ends when the table is active', async () => {
    mockClient(DynamoDBClient)
      .on(DescribeTableCommand)
      .resolvesOnce({ Table: { TableStatus: 'CREATING' } })
      .resolves(active);
    expect(await waitUntilActive(changes(), 'restored')).toEqual(active.Table);
  });

  it('ends with an error if the table is being deleted', async () => {
    mockClient(DynamoDBClient)
      .on(DescribeTableCommand)
      .resolvesOnce({ Table: { TableStatus: 'DELETING' } })
      .resolves(active);
    await expect(waitUntilActive(changes(), 'restored')).rejects.toThrow('The table restored is DELETING.');
  });

  it('ends with an error if the table is missing', async () => {
    mockClient(DynamoDBClient)
      .on(DescribeTableCommand)
      .rejectsOnce(new ResourceNotFoundException(error))
      .resolves(active);
    await expect(waitUntilActive(changes(), 'restored')).rejects.toThrow('The table restored is missing.');
  });
});
