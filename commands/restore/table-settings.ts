import {
  DescribeContinuousBackupsCommand,
  DescribeTimeToLiveCommand,
  type OnDemandThroughput,
  type TableDescription,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { Environment, RestoredTables } from '../../infra/environments.ts';
import { tagsOf } from '../../infra/names.ts';
import { channelsTable, projectionsTable, type TableDefinition } from '../../lib/manifest/tables.ts';
import { changeTable, type TableChanges, waitUntilActive } from './table-changes.ts';

const definitions = { channels: channelsTable, projections: projectionsTable } satisfies Record<
  keyof RestoredTables,
  TableDefinition
>;

/** One change of UpdateTable, or undefined if the table is right. */
type Update = (table: TableDescription) => Omit<UpdateTableCommandInput, 'TableName'> | undefined;

const toThroughput = ({ reads, writes }: { reads: number; writes: number }) => ({
  MaxReadRequestUnits: reads,
  MaxWriteRequestUnits: writes,
});

const isSame = (one: OnDemandThroughput | undefined, other: OnDemandThroughput) =>
  one?.MaxReadRequestUnits === other.MaxReadRequestUnits &&
  one?.MaxWriteRequestUnits === other.MaxWriteRequestUnits;

const limitIndex =
  (IndexName: string, OnDemandThroughput: OnDemandThroughput): Update =>
  ({ GlobalSecondaryIndexes = [] }) => {
    const index = GlobalSecondaryIndexes.find((other) => other.IndexName === IndexName);
    if (isSame(index?.OnDemandThroughput, OnDemandThroughput)) return undefined;
    return { GlobalSecondaryIndexUpdates: [{ Update: { IndexName, OnDemandThroughput } }] };
  };

/** The settings that UpdateTable sets, without the stream. Each is a call of its own, because DynamoDB allows only one at once. */
const updatesOf = ({ maxTableUnits, keepsData }: Environment, table: keyof RestoredTables): Update[] => {
  const { indexes = [] }: TableDefinition = definitions[table];
  const limit = toThroughput(maxTableUnits[table]);
  return [
    ({ DeletionProtectionEnabled = false }) =>
      DeletionProtectionEnabled === keepsData ? undefined : { DeletionProtectionEnabled: keepsData },
    ({ OnDemandThroughput }) =>
      isSame(OnDemandThroughput, limit) ? undefined : { OnDemandThroughput: limit },
    ...indexes.map(({ name }) => limitIndex(name, toThroughput(maxTableUnits.channelsIndex))),
  ];
};

const update = (changes: TableChanges, TableName: string, find: Update): Promise<void> =>
  changeTable(changes, TableName, async (table) => {
    const input = find(table);
    if (input) await changes.client.send(new UpdateTableCommand({ TableName, ...input }));
  });

const enableTimeToLive = (changes: TableChanges, TableName: string, AttributeName: string): Promise<void> =>
  changeTable(changes, TableName, async () => {
    const { TimeToLiveDescription } = await changes.client.send(new DescribeTimeToLiveCommand({ TableName }));
    // DynamoDB refuses to enable it again.
    if (['ENABLING', 'ENABLED'].includes(`${TimeToLiveDescription?.TimeToLiveStatus}`)) return;
    const TimeToLiveSpecification = { Enabled: true, AttributeName };
    await changes.client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  });

const enableRecovery = (changes: TableChanges, TableName: string): Promise<void> =>
  changeTable(changes, TableName, async () => {
    const { ContinuousBackupsDescription: backups } = await changes.client.send(
      new DescribeContinuousBackupsCommand({ TableName }),
    );
    if (backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED') return;
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await changes.client.send(
      new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }),
    );
  });

const addTags = (changes: TableChanges, name: string, environment: Environment): Promise<void> =>
  changeTable(changes, name, ({ TableArn }) =>
    changes.client.send(
      new TagResourceCommand({
        ResourceArn: TableArn,
        Tags: Object.entries(tagsOf(environment)).map(([Key, Value]) => ({ Key, Value })),
      }),
    ),
  );

/**
 * Gives a table the settings of the data stack's table, except for the stream. A restored table has none of them ("You must
 * manually set up", Amazon DynamoDB API Reference, RestoreTableToPointInTime). It keeps its keys, indexes, billing mode and
 * encryption. What is right already does not change.
 */
export const applySettings = async (
  changes: TableChanges,
  name: string,
  environment: Environment,
  table: keyof RestoredTables,
): Promise<void> => {
  const { timeToLive, isDerived }: TableDefinition = definitions[table];
  for (const find of updatesOf(environment, table)) await update(changes, name, find);
  if (timeToLive !== undefined) await enableTimeToLive(changes, name, timeToLive);
  if (!isDerived) await enableRecovery(changes, name);
  await addTags(changes, name, environment);
  await waitUntilActive(changes, name);
};

/** Enables the stream of a table, unless it has one. */
export const enableStream = async (changes: TableChanges, name: string): Promise<void> => {
  await update(changes, name, ({ StreamSpecification }) =>
    StreamSpecification?.StreamEnabled
      ? undefined
      : { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } },
  );
  await waitUntilActive(changes, name);
};
