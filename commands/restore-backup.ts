import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Environment, RestoredTables } from '../infra/environments.ts';
import { namesOf } from '../infra/names.ts';
import { saveRestoredTables } from '../infra/restored-tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';
import {
  createProjections,
  newTableNames,
  refuseOtherTables,
  refuseTimeWithoutBackup,
  restoreChannels,
} from './restore/new-tables.ts';
import { raiseVersions } from './restore/raise-versions.ts';
import { rebuildDerivedData } from './restore/rebuild-derived-data.ts';
import { readArguments } from './restore/restore-arguments.ts';
import type { TableChanges } from './restore/table-changes.ts';
import { applySettings, enableStream } from './restore/table-settings.ts';
import { uniteCopies } from './restore/unite-copies.ts';
import { runCommand } from './run-command.ts';
import { runCdk } from './stacks/run-cdk.ts';
import { selectTarget } from './target.ts';

/** The stacks that use the tables. The data stack, with the tables that are no longer used, does not change. */
const stacksOf = (environment: Environment): string[] => {
  const { apiStack, eventsStack } = namesOf(environment);
  return [apiStack, eventsStack, '--exclusively'];
};

/**
 * The last step deploys this copy of the project. It must change the names of the tables, and nothing else. The exit code of
 * `cdk diff --fail` is 1 for differences and for errors, so only its output tells which of them there was.
 */
const refuseOtherCode = (environment: Environment): void => {
  const code = runCdk(environment, ['diff', ...stacksOf(environment), '--method', 'template', '--fail']);
  if (code !== 0)
    throw new Error(
      `Nothing was restored. If differences are shown above, this copy of the project is not what is deployed to ` +
        `${environment.name}: check out the commit that is deployed, or deploy this one first. If an error is shown above, ` +
        `the comparison itself failed: correct its cause, and run the command again.`,
    );
};

const makeTables = async (
  changes: TableChanges,
  environment: Environment,
  names: RestoredTables,
  source: string,
  at: Date,
): Promise<void> => {
  await restoreChannels(changes, source, names.channels, at);
  await createProjections(changes, names.projections);
  console.log(`Setting up ${names.channels} and ${names.projections}.`);
  await applySettings(changes, names.channels, environment, 'channels');
  await applySettings(changes, names.projections, environment, 'projections');
  // No timeout: a person can end the command and start it again.
  const tables = openChannelTables(connect(), names, new AbortController().signal);
  console.log(`Repaired ${await uniteCopies(tables.channels)} channels whose copies had different versions.`);
  await rebuildDerivedData(tables);
  await raiseVersions(tables.channels);
};

const deploy = (environment: Environment): void => {
  const code = runCdk(environment, ['deploy', ...stacksOf(environment), '--require-approval', 'never']);
  if (code !== 0) throw new Error('The deployment failed. Run the command again.');
};

const run = async (): Promise<void> => {
  const { environment, at, from } = readArguments();
  const { readChannelTables } = await selectTarget(environment.name);
  const inUse = await readChannelTables();
  const names = newTableNames(environment, at);
  const changes: TableChanges = { client: new DynamoDBClient(), pauseMs: 5_000 };
  if (inUse.channels !== names.channels) {
    const source = from ?? inUse.channels;
    await refuseOtherTables(changes, names, source);
    await refuseTimeWithoutBackup(changes, names, source, at);
    refuseOtherCode(environment);
    await makeTables(changes, environment, names, source, at);
    await saveRestoredTables(environment, names);
  }
  // The stream consumers do not have to read what the rebuild wrote. And only a table that was rebuilt has a stream.
  await enableStream(changes, names.channels);
  console.log(`Deploying functions and stream mappings that use ${names.channels} and ${names.projections}.`);
  deploy(environment);
};

await runCommand(run);
