import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type PointInTimeRecoveryDescription,
  ResourceNotFoundException,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { refuseOtherTables, refuseTimeWithoutBackup } from '../../commands/restore/new-tables.ts';

const names = { channels: 'new', projections: 'new-projections' };
const source = 'client-channels-prod';
const restoredFrom = (table: string) => ({
  RestoreSummary: {
    SourceTableArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${table}`,
    RestoreDateTime: new Date('2026-11-24T09:00:00Z'),
    RestoreInProgress: false,
  },
});

/** Checks the new tables in an account that has the given tables. */
const check = (tables: Record<string, TableDescription>) => {
  mockClient(DynamoDBClient)
    .on(DescribeTableCommand)
    .callsFake(({ TableName }) => {
      const Table = tables[TableName];
      if (!Table) throw new ResourceNotFoundException({ message: 'missing', $metadata: {} });
      return { Table };
    });
  return refuseOtherTables({ client: new DynamoDBClient(), pauseMs: 0 }, names, source);
};

test.each([
  ['there are no tables with these names', {}],
  ['the channels are being restored', { new: { TableStatus: 'CREATING', ...restoredFrom(source) } }],
  ['an earlier run has made both', { new: restoredFrom(source), 'new-projections': {} }],
] satisfies [
  string,
  Record<string, TableDescription>,
][])('a backup can be restored if %s', async (_, tables) => {
  await expect(check(tables)).resolves.toBeUndefined();
});

const otherTime = 'Choose a time that is a second earlier or later, which gives the tables other names.';

test.each([
  [
    'a table that has been in use since',
    { new: { ...restoredFrom(source), StreamSpecification: { StreamEnabled: true } }, 'new-projections': {} },
    `The table new has been in use since it was restored. ${otherTime}`,
  ],
  [
    'a table that was restored from another one',
    { new: restoredFrom('client-channels-prod-20261120T090000Z') },
    `The table new was restored from client-channels-prod-20261120T090000Z, not from client-channels-prod. ${otherTime}`,
  ],
  [
    'projections whose channels were deleted',
    { 'new-projections': {} },
    `The table new-projections is left of a restore whose channels were deleted. ${otherTime}`,
  ],
] satisfies [
  string,
  Record<string, TableDescription>,
  string,
][])('a backup is not restored into %s', async (_, tables, message) => {
  await expect(check(tables)).rejects.toThrow(message);
});

const at = new Date('2026-11-24T09:00:00Z');

/** Checks a time in an account whose source table has the given backups, and in which an earlier run has made the given tables. */
const checkTime = (
  PointInTimeRecoveryDescription: PointInTimeRecoveryDescription | undefined,
  made: string[] = [],
) => {
  const aws = mockClient(DynamoDBClient);
  aws.on(DescribeTableCommand).callsFake(({ TableName }) => {
    if (!made.includes(TableName)) throw new ResourceNotFoundException({ message: 'missing', $metadata: {} });
    return { Table: {} };
  });
  aws.on(DescribeContinuousBackupsCommand, { TableName: source }).resolves({
    ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED', PointInTimeRecoveryDescription },
  });
  return refuseTimeWithoutBackup({ client: new DynamoDBClient(), pauseMs: 0 }, names, source, at);
};

const second = (time: string) => new Date(`2026-11-24T${time}Z`);
const younger = { LatestRestorableDateTime: second('08:59:59') };

test.each([
  [
    'its backups contain',
    { EarliestRestorableDateTime: second('08:59:59'), LatestRestorableDateTime: second('09:00:01') },
    [],
  ],
  [
    'is earlier than the only time that an emulated AWS gives',
    { EarliestRestorableDateTime: second('09:00:01'), LatestRestorableDateTime: second('09:00:01') },
    [],
  ],
  ['nobody knows about, as in an emulated AWS', undefined, []],
  ['an earlier run has restored already', younger, ['new']],
])('a table can be restored to a time that %s', async (_, backups, made) => {
  await expect(checkTime(backups, made)).resolves.toBeUndefined();
});

test.each([
  [
    'later',
    younger,
    'The backups of client-channels-prod end at 2026-11-24T08:59:59Z, and 2026-11-24T09:00:00Z is later: wait about 5 minutes and ' +
      'run the command again, or choose an earlier time.',
  ],
  [
    'earlier',
    { EarliestRestorableDateTime: second('09:00:01') },
    'The backups of client-channels-prod begin at 2026-11-24T09:00:01Z, and 2026-11-24T09:00:00Z is earlier: choose a later time, ' +
      'or name the table that was in use then with --from.',
  ],
])('a table is not restored to a time that is %s than its backups', async (_, backups, message) => {
  await expect(checkTime(backups)).rejects.toThrow(new Error(message));
});
