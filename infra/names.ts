import { tableNames } from '../lib/tables.ts';
import type { Environment } from './environments.ts';

/**
 * What an environment's stacks call each other by. Names instead of exports: a stack whose export is in use can't be
 * replaced, and the API could not be destroyed and deployed again by itself.
 */
export const namesOf = ({ name, channelsTable, directoryTable }: Environment) => {
  const tables = tableNames(name);
  return {
    dataStack: `client-channels-data-${name}`,
    apiStack: `client-channels-api-${name}`,
    channelsTable: channelsTable ?? tables.channels,
    directoryTable: directoryTable ?? tables.directory,
    accessKeysTable: tables.accessKeys,
    cursorSecret: `client-channels/${name}/cursor`,
    alarmTopic: `client-channels-alarms-${name}`,
    /** Begins the names of the API, its functions, alarms and dashboard. */
    prefix: `client-channels-${name}`,
  };
};
