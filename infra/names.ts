import { tableNames } from '../lib/manifest/tables.ts';
import type { Environment } from './environments.ts';

/**
 * The names of an environment's stacks and resources. Stacks refer to each other by these names, not by CloudFormation
 * exports. A stack with an export in use can't be deleted, and the API stack must be replaceable without the others.
 */
export const namesOf = ({ name, restoredTables }: Environment) => ({
  dataStack: `client-channels-data-${name}`,
  apiStack: `client-channels-api-${name}`,
  eventsStack: `client-channels-events-${name}`,
  /** The tables in use: tables that were restored from a backup replace those of the data stack. */
  tables: { ...tableNames(name), ...restoredTables },
  /** The SSM parameter that names the restored tables. It exists only after a restore, and belongs to no stack. */
  restoredTablesParameter: `/client-channels/${name}/restored-tables`,
  /** A stream's ARN contains its creation time, so the data stack stores the ARN in this SSM parameter. */
  streamParameter: `/client-channels/${name}/channels-stream`,
  eventBus: `client-channels-${name}`,
  cursorSecret: `client-channels/${name}/cursor`,
  alarmTopic: `client-channels-alarms-${name}`,
  /** Prefix of the names of the API, its functions, alarms and dashboard. */
  namePrefix: `client-channels-${name}`,
  /** The namespace of the service's own metrics. */
  metricNamespace: `client-channels-${name}`,
});

/** The tags of every resource of an environment. */
export const tagsOf = ({ name }: Environment) => ({ service: 'client-channels', environment: name });

/** The name of the queue that keeps the records on which a stream consumer gave up. */
export const deadLetterQueueName = (environment: Environment, consumer: string): string =>
  `${namesOf(environment).namePrefix}-${consumer}-dead-letters`;
