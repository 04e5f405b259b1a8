import {
  CreateTableCommand,
  DynamoDBClient,
  RestoreTableToPointInTimeCommand,
} from '@aws-sdk/client-dynamodb';
import type { Environment } from '../infra/environments.ts';
import { namesOf } from '../infra/names.ts';
import { type RestoredTables, saveRestoredTables } from '../infra/restored-tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { toCreateTableInput } from '../lib/manifest/create-table-input.ts';
import { projectionsTable, tableNames } from '../lib/manifest/tables.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';
import { findNamespaces } from '../lib/reindex/find-namespaces.ts';
import { repairNamespace } from './reindex/repair-namespace.ts';
import { readArguments } from './restore/restore-arguments.ts';
import { describeTable, type TableChanges, waitUntilActive } from './restore/table-changes.ts';
import { applySettings, enableStream } from './restore/table-settings.ts';
import { runCommand } from './run-command.ts';
import { runCdk } from './stacks/run-cdk.ts';
import { selectTarget } from './target.ts';

/** The names depend only on the environment and the time, so that the command finds its tables when it is run again. */
const newTables = ({ name }: Environment, at: Date): RestoredTables => {
  const suffix = `-${at.toISOString().replace('.000', '').replace(/[-:]/g, '')}`;
  const { channels, projections } = tableNames(name);
  return { channels: channels + suffix, projections: projections + suffix };
};

const restoreChannels = async (
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

const createProjections = async (changes: TableChanges, name: string): Promise<void> => {
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

/** How often a namespace is tried. Nobody else writes to these tables, so only throttling can make a step fail. */
const maxAttempts = 5;

/**
 * Rebuilds everything that is derived from the channels. A backup can contain a part of a transaction, so that also totals
 * and pending changes are right only after this.
 */
const rebuildDerivedData = async (names: RestoredTables): Promise<void> => {
  // No timeout: a person can end the command and start it again.
  const tables = openChannelTables(connect(), names, new AbortController().signal);
  for (const namespace of await findNamespaces(tables)) {
    let attempts = 1;
    while (!(await repairNamespace(tables, namespace)))
      if (attempts++ === maxAttempts)
        throw new Error(`"${namespace}" could not be rebuilt. Run the command again.`);
  }
};

/** Deploys the stacks that use the tables. The data stack, with the tables that are no longer used, does not change. */
const deploy = (environment: Environment): void => {
  const { apiStack, eventsStack } = namesOf(environment);
  const code = runCdk(environment, [
    ...['deploy', apiStack, eventsStack, '--exclusively'],
    ...['--require-approval', 'never'],
  ]);
  if (code !== 0) throw new Error('The deployment failed. Run the command again.');
};

const run = async (): Promise<void> => {
  const { environment, at } = readArguments();
  const inUse = await selectTarget(environment.name);
  const tables = newTables(environment, at);
  if (inUse.channelsTable !== tables.channels) {
    const changes: TableChanges = { client: new DynamoDBClient(), pauseMs: 5_000 };
    await restoreChannels(changes, inUse.channelsTable, tables.channels, at);
    await createProjections(changes, tables.projections);
    console.log(`Setting up ${tables.channels} and ${tables.projections}.`);
    await applySettings(changes, tables.channels, environment, 'channels');
    await applySettings(changes, tables.projections, environment, 'projections');
    await rebuildDerivedData(tables);
    // Last, so that the stream consumers do not have to read what the rebuild wrote.
    await enableStream(changes, tables.channels);
    await saveRestoredTables(environment, tables);
  }
  console.log(
    `Deploying functions and stream mappings that use ${tables.channels} and ${tables.projections}.`,
  );
  deploy(environment);
};

await runCommand(run);
