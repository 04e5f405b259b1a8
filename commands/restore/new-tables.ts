import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  RestoreTableToPointInTimeCommand,
} from '@aws-sdk/client-dynamodb';
import type { Environment, RestoredTables } from '../../infra/environments.ts';
import { toCreateTableInput } from '../../lib/manifest/create-table-input.ts';
import { projectionsTable, tableNames } from '../../lib/manifest/tables.ts';
import { describeTable, type TableChanges, waitUntilActive } from './table-changes.ts';

const formatTime = (time: Date): string => time.toISOString().replace(/\.\d+/, '');

/** The names depend only on the environment and the time, so that the command finds its tables when it is run again. */
export const newTableNames = ({ name }: Environment, at: Date): RestoredTables => {
  const suffix = `-${formatTime(at).replace(/[-:]/g, '')}`;
  const { channels, projections } = tableNames(name);
  return { channels: channels + suffix, projections: projections + suffix };
};

const otherTime = 'Choose a time that is a second earlier or later, which gives the tables other names.';

/**
 * Checks that tables which already have the names of the new tables are left of an unfinished restore of the same data. The
 * stream of such a table is still off, because it is enabled last.
 * @throws Error with one line if one of them has been in use, or was restored from another table
 */
export const refuseOtherTables = async (
  changes: TableChanges,
  { channels, projections }: RestoredTables,
  source: string,
): Promise<void> => {
  const found = await describeTable(changes, channels);
  if (!found) {
    if (await describeTable(changes, projections))
      throw new Error(
        `The table ${projections} is left of a restore whose channels were deleted. ${otherTime}`,
      );
    return;
  }
  if (found.StreamSpecification?.StreamEnabled)
    throw new Error(`The table ${channels} has been in use since it was restored. ${otherTime}`);
  const restoredFrom = found.RestoreSummary?.SourceTableArn?.split('/').at(-1);
  if (restoredFrom !== undefined && restoredFrom !== source)
    throw new Error(
      `The table ${channels} was restored from ${restoredFrom}, not from ${source}. ${otherTime}`,
    );
};

/**
 * Checks that the source has a backup of a time. AWS keeps those of the last 35 days, up to about 5 minutes ago (Amazon DynamoDB
 * API Reference, PointInTimeRecoveryDescription). Checks nothing if the channels are restored already, or if the answer does not
 * have the times (an emulated AWS).
 * @throws Error with one line if the time is later or earlier than the backups
 */
export const refuseTimeWithoutBackup = async (
  changes: TableChanges,
  { channels }: RestoredTables,
  source: string,
  at: Date,
): Promise<void> => {
  if (await describeTable(changes, channels)) return;
  const { ContinuousBackupsDescription: backups } = await changes.client.send(
    new DescribeContinuousBackupsCommand({ TableName: source }),
  );
  const { EarliestRestorableDateTime: earliest, LatestRestorableDateTime: latest } =
    backups?.PointInTimeRecoveryDescription ?? {};
  // The emulated AWS gives the present time for both, and restores any time.
  if (earliest && earliest.getTime() === latest?.getTime()) return;
  if (latest && at > latest)
    throw new Error(
      `The backups of ${source} end at ${formatTime(latest)}, and ${formatTime(at)} is later: wait about 5 minutes and ` +
        'run the command again, or choose an earlier time.',
    );
  if (earliest && at < earliest)
    throw new Error(
      `The backups of ${source} begin at ${formatTime(earliest)}, and ${formatTime(at)} is earlier: choose a later time, ` +
        'or name the table that was in use then with --from.',
    );
};

/** Restores the channels table, unless that was already begun, and waits until it is there. */
export const restoreChannels = async (
  changes: TableChanges,
  source: string,
  target: string,
  at: Date,
): Promise<void> => {
  if (!(await describeTable(changes, target)))
    await changes.client.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: source,
        TargetTableName: target,
        RestoreDateTime: at,
      }),
    );
  console.log(`Restoring ${source} as it was at ${at.toISOString()} into ${target}.`);
  await waitUntilActive(changes, target);
};

/** Creates an empty projections table, unless it is there, and waits until it is active. */
export const createProjections = async (changes: TableChanges, name: string): Promise<void> => {
  if (!(await describeTable(changes, name)))
    await changes.client.send(
      new CreateTableCommand({
        ...toCreateTableInput(name, projectionsTable),
        // As in the data stack: with the key of the account that AWS manages.
        SSESpecification: { Enabled: true, SSEType: 'KMS' },
      }),
    );
  await waitUntilActive(changes, name);
};
