import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Operation } from '../lib/operations.ts';
import { bundle } from './bundle.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';

/**
 * Megabytes, and with them the share of a processor: a whole one is 1,769. What a request needs is far less memory; a
 * cold start and an answer of 5 MiB are bound by the processor, and end nearly twice as soon as with 512, for about the
 * same price.
 */
const memory = 1_024;

/** A request gives up by itself after 8 seconds; what is left covers its start and its answer. The gateway waits 30. */
const timeout = Duration.seconds(10);

/** One operation of the API as a function that may do what its row says, and nothing else. */
export class OperationFunction extends Construct {
  readonly function: lambda.Function;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, operation: Operation, environment: Environment) {
    super(scope, operation.name);
    const names = namesOf(environment);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: environment.logRetention,
      removalPolicy: environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // A role of its own: the one that CDK would make may write to any log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup.grantWrite(role);
    this.function = new lambda.Function(this, 'Function', {
      functionName: `${names.prefix}-${operation.name}`,
      description: operation.methods.map((method) => `${method} ${operation.path}`).join(', '),
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(bundle(operation.handler, operation.assets).folder),
      handler: 'index.handler',
      memorySize: memory,
      timeout,
      role,
      logGroup: this.logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      tracing: lambda.Tracing.ACTIVE,
      environment: {
        ENVIRONMENT: environment.name,
        CHANNELS_TABLE: names.channelsTable,
        DIRECTORY_TABLE: names.directoryTable,
        ACCESS_KEYS_TABLE: names.accessKeysTable,
        LOG_REQUESTS: 'on',
        ...(environment.mapsStacks && { NODE_OPTIONS: '--enable-source-maps' }),
        ...(operation.cursors && cursorSecrets(environment)),
      },
    });
    for (const statement of this.#permissions(operation, names)) role.addToPolicy(statement);
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'xray:PutTraceSegments and xray:PutTelemetryRecords know no resources.',
    });
  }

  #permissions(
    { scope, actions, directory = [], indexes = [] }: Operation,
    { channelsTable, directoryTable, accessKeysTable }: ReturnType<typeof namesOf>,
  ): PolicyStatement[] {
    const arnOf = (resourceName: string) =>
      Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName });
    const allow = (allowed: readonly string[], resources: string[]) =>
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...allowed], resources });
    return [
      ...(scope ? [allow(['dynamodb:GetItem'], [arnOf(accessKeysTable)])] : []),
      ...(actions.length ? [allow(actions, [arnOf(channelsTable)])] : []),
      ...(directory.length ? [allow(directory, [arnOf(directoryTable)])] : []),
      ...(indexes.length
        ? [
            allow(
              ['dynamodb:Query'],
              indexes.map((name) => arnOf(`${channelsTable}/index/${name}`)),
            ),
          ]
        : []),
    ];
  }
}

/**
 * References that CloudFormation resolves while it deploys a function, and only where its template has changed: a
 * rotation therefore names versions by id (docs/operations.md).
 */
const cursorSecrets = (environment: Environment) => {
  const { cursorSecret } = namesOf(environment);
  const { current, previous } = environment.cursorSecret ?? {};
  const reference = (selector: string) =>
    `{{resolve:secretsmanager:${cursorSecret}:SecretString:${selector}}}`;
  return {
    CURSOR_SECRET: reference(current ? `::${current}` : ':AWSCURRENT:'),
    ...(previous && { CURSOR_SECRET_PREVIOUS: reference(`::${previous}`) }),
  };
};
