import { tableNames } from '../lib/manifest/tables.ts';
import type { Environment } from './environments.ts';

/**
 * What an environment's stacks call each other by. Names instead of exports: a stack whose export is in use can't be
 * replaced, and the API could not be destroyed and deployed again by itself.
 */
export const namesOf = ({ name, restored }: Environment) => {
  const tables = tableNames(name);
  const streamParameter = `/client-channels/${name}/channels-stream`;
  return {
    dataStack: `client-channels-data-${name}`,
    apiStack: `client-channels-api-${name}`,
    eventsStack: `client-channels-events-${name}`,
    channelsTable: restored?.channelsTable ?? tables.channels,
    projectionsTable: tables.directory,
    /** A stream's ARN holds the time of its making, so the data stack notes it under a name. */
    streamParameter,
    channelsStream: restored?.channelsStream ?? `{{resolve:ssm:${streamParameter}}}`,
    eventBus: `client-channels-${name}`,
    apiKeysTable: tables.accessKeys,
    cursorSecret: `client-channels/${name}/cursor`,
    alarmTopic: `client-channels-alarms-${name}`,
    /** Begins the names of the API, its functions, alarms and dashboard. */
    namePrefix: `client-channels-${name}`,
  };
};

/** The queue of what a consumer could not do. */
export const deadLetterQueueName = (environment: Environment, consumer: string): string =>
  `${namesOf(environment).namePrefix}-${consumer}-dead-letters`;
