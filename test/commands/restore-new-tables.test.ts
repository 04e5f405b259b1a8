import {
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { refuseOtherTables } from '../../commands/restore/new-tables.ts';

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
