import { findEnvironment } from '../infra/environments.ts';
import { namesOf } from '../infra/names.ts';
import { withRestoredTables } from '../infra/restored-tables.ts';
import type { ChannelTables } from '../lib/projections/open-tables.ts';
import { checkAccount } from './check-account.ts';

/** The names of the resources that a command acts on. */
export interface Target {
  environment: string;
  apiKeysTable: string;
  eventBus: string;
  /** Only commands on channels call this, so that nothing about a restored backup can stop others, as `keys revoke`. */
  readChannelTables(): Promise<ChannelTableNames>;
}

type ChannelTableNames = Record<keyof ChannelTables, string>;

const deployedTarget = async (environment: string): Promise<Target> => {
  const found = findEnvironment(environment);
  await checkAccount(found);
  const { tables, eventBus } = namesOf(found);
  return {
    environment: found.name,
    apiKeysTable: tables.apiKeys,
    eventBus,
    readChannelTables: async () => namesOf(await withRestoredTables(found)).tables,
  };
};

/** Imports `local/` only when it is called: a command on a deployed environment works without that folder. */
const localTarget = async (): Promise<Target> => {
  const { sdkEnvironment, enterEnvironment, localEnvironment, localEventBus, localTables } = await import(
    '../local/environment.ts'
  );
  const { findRunningServer, stateFolder } = await import('../local/state.ts');
  const { dynamoDbPort, eventBusPort } = findRunningServer(stateFolder()) ?? {};
  if (dynamoDbPort === undefined || eventBusPort === undefined)
    throw new Error('No local server is running: start one with "npm start", or name an --environment.');
  enterEnvironment({
    ...sdkEnvironment,
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${dynamoDbPort}`,
    AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${eventBusPort}`,
  });
  return {
    environment: localEnvironment,
    apiKeysTable: localTables.apiKeys,
    eventBus: localEventBus,
    readChannelTables: async () => localTables,
  };
};

/**
 * Selects the resources that this process acts on. With a name, these are the ones of that deployed environment. Without a
 * name, these are the ones of the running local server, and the SDK's variables are set to reach it.
 * @throws Error with one line if there is no such environment, if the shell is in another account or region, or if no
 * local server is running
 */
export const selectTarget = async (environment: string | undefined): Promise<Target> =>
  environment === undefined ? localTarget() : deployedTarget(environment);
