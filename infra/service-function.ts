import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type Permissions, type TableName, tableEnvironment } from '../lib/manifest/permission-types.ts';
import { bundle } from './bundle.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';

/**
 * Memory also sets the share of a processor: 1,769 MB is a whole one. Requests need far less memory. But a cold start and a
 * response of 5 MiB are limited by the processor: they take about half the time that they take with 512 MB, for about
 * the same price.
 */
const memoryMb = 1_024;

export interface ServiceFunctionProps {
  name: string;
  /** Path of the file that exports `handler`, relative to the root of the project. */
  handler: string;
  description: string;
  timeoutSeconds: number;
  /** Paths in `node_modules` that the handler reads at run time. */
  assets?: readonly string[] | undefined;
  permissions: Permissions;
  /** Environment variables in addition to `ENVIRONMENT` and the names of the tables that the permissions list. */
  environmentVariables?: Record<string, string>;
}

/** A function with its own log group and role. The role may write logs and traces, and use tables as `permissions` says. */
export class ServiceFunction extends Construct {
  readonly function: lambda.Function;
  readonly logGroup: LogGroup;
  readonly #role: Role;

  constructor(scope: Construct, props: ServiceFunctionProps, environment: Environment) {
    super(scope, props.name);
    const { namePrefix, tables } = namesOf(environment);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: environment.logRetentionDays,
      removalPolicy: environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // The role that the CDK creates by default may write to any log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.#role = role;
    this.logGroup.grantWrite(role);
    this.function = new lambda.Function(this, 'Function', {
      functionName: `${namePrefix}-${props.name}`,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(bundle(props.handler, props.assets).folder),
      handler: 'index.handler',
      memorySize: memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      role,
      logGroup: this.logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      tracing: lambda.Tracing.ACTIVE,
      environment: {
        ENVIRONMENT: environment.name,
        ...tableEnvironment(props.permissions, tables),
        ...props.environmentVariables,
        ...(environment.sourceMaps && { NODE_OPTIONS: '--enable-source-maps' }),
      },
    });
    this.#acknowledgeAnyResource(
      'xray:PutTraceSegments and xray:PutTelemetryRecords do not support resources.',
    );
    this.#allowOnTables(props.permissions, tables);
  }

  allow(actions: readonly string[], resources: string[]): void {
    this.#role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources }));
  }

  /** Allows an action that does not support resources. */
  allowAnywhere(action: string): void {
    this.allow([action], ['*']);
    this.#acknowledgeAnyResource(`${action} does not support resources.`);
  }

  #allowOnTables({ tables, indexes }: Permissions, names: Record<TableName, string>): void {
    for (const [table, actions] of Object.entries(tables))
      this.allow(actions, [this.#tableArn(names[table as TableName])]);
    if (indexes)
      this.allow(
        [indexes.action],
        indexes.names.map((index) => this.#tableArn(`${names.channels}/index/${index}`)),
      );
  }

  #tableArn(resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName });
  }

  #acknowledgeAnyResource(reason: string): void {
    Validations.of(this.#role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason });
  }
}
