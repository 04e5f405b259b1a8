import type { Construct } from 'constructs';
import type { Operation } from '../lib/manifest/operations.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { ServiceFunction } from './service-function.ts';

/** A request stops after 8 s. The rest is for the start of the function and its response. The gateway waits for 30 s. */
const timeoutSeconds = 10;

/** The function of one operation. It has the permissions of the operation's manifest row and no others. */
export class OperationFunction extends ServiceFunction {
  constructor(scope: Construct, operation: Operation, environment: Environment) {
    super(
      scope,
      {
        name: operation.name,
        handler: operation.handler,
        description: operation.methods.map((method) => `${method} ${operation.path}`).join(', '),
        timeoutSeconds,
        assets: operation.assets,
        permissions: operation.permissions,
        environmentVariables: {
          LOG_REQUESTS: 'on',
          ...(operation.cursors && cursorSecretReferences(environment)),
          ...(operation.links && environment.publicUrl && { PUBLIC_URL: environment.publicUrl }),
        },
      },
      environment,
    );
  }
}

/**
 * CloudFormation resolves these references when it updates a function, but only if the function's template has changed.
 * For this reason a rotation names the versions by id (docs/operations.md).
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
