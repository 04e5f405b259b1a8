import type { Construct } from 'constructs';
import type { Operation } from '../lib/manifest/operations.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { ServiceFunction } from './service-function.ts';

/** Seconds. A request gives up by itself after 8; what is left covers its start and its answer. The gateway waits 30. */
const timeoutSeconds = 10;

/** One operation of the API as a function that may do what its row says, and nothing else. */
export class OperationFunction extends ServiceFunction {
  constructor(scope: Construct, operation: Operation, environment: Environment) {
    const {
      channelsTable,
      projectionsTable: directoryTable,
      apiKeysTable: accessKeysTable,
    } = namesOf(environment);
    super(
      scope,
      {
        name: operation.name,
        handler: operation.handler,
        description: operation.methods.map((method) => `${method} ${operation.path}`).join(', '),
        timeoutSeconds,
        assets: operation.assets,
        environmentVariables: {
          CHANNELS_TABLE: channelsTable,
          DIRECTORY_TABLE: directoryTable,
          ACCESS_KEYS_TABLE: accessKeysTable,
          LOG_REQUESTS: 'on',
          ...(operation.cursors && cursorSecretReferences(environment)),
        },
      },
      environment,
    );
    if (operation.scope) this.allowOnTable(['dynamodb:GetItem'], accessKeysTable);
    this.allowOnTable(operation.actions, channelsTable);
    this.allowOnTable(operation.directory ?? [], directoryTable);
    this.allowOnIndexes(['dynamodb:Query'], channelsTable, operation.indexes ?? []);
  }
}

/**
 * References that CloudFormation resolves while it deploys a function, and only where its template has changed: a
 * rotation therefore names versions by id (docs/operations.md).
 */
const cursorSecretReferences = (environment: Environment) => {
  const { cursorSecret } = namesOf(environment);
  const { current, previous } = environment.cursorSecret ?? {};
  const reference = (selector: string) =>
    `{{resolve:secretsmanager:${cursorSecret}:SecretString:${selector}}}`;
  return {
    CURSOR_SECRET: reference(current ? `::${current}` : ':AWSCURRENT:'),
    ...(previous && { CURSOR_SECRET_PREVIOUS: reference(`::${previous}`) }),
  };
};
