import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundle } from './bundle.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';

/**
 * Megabytes, and with them the share of a processor: a whole one is 1,769. What a request needs is far less memory; a
 * cold start and an answer of 5 MiB are bound by the processor, and end nearly twice as soon as with 512, for about the
 * same price.
 */
const memoryMb = 1_024;

export interface ServiceFunctionProps {
  name: string;
  /** The file, from the project's root, whose export `handler` is run. */
  handler: string;
  description: string;
  /** Seconds. */
  timeoutSeconds: number;
  /** Files of packages that the handler reads as it runs. */
  assets?: readonly string[] | undefined;
  /** What it finds in its environment, besides the environment's name. */
  environmentVariables: Record<string, string>;
}

/** A handler as a function, with logs and a role of its own that may do nothing else until it is allowed to. */
export class ServiceFunction extends Construct {
  readonly function: lambda.Function;
  readonly logGroup: LogGroup;
  readonly #role: Role;

  constructor(scope: Construct, props: ServiceFunctionProps, environment: Environment) {
    super(scope, props.name);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: environment.logRetentionDays,
      removalPolicy: environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // A role of its own: the one that CDK would make may write to any log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.#role = role;
    this.logGroup.grantWrite(role);
    this.function = new lambda.Function(this, 'Function', {
      functionName: `${namesOf(environment).namePrefix}-${props.name}`,
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
        ...props.environmentVariables,
        ...(environment.sourceMaps && { NODE_OPTIONS: '--enable-source-maps' }),
      },
    });
    this.#mayUseAny('xray:PutTraceSegments and xray:PutTelemetryRecords know no resources.');
  }

  /** Allows actions on resources; none of either allows nothing. */
  allow(actions: readonly string[], resources: string[]): void {
    if (!actions.length || !resources.length) return;
    this.#role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources }));
  }

  /** Allows an action that knows no resources. */
  allowAnywhere(action: string): void {
    this.allow([action], ['*']);
    this.#mayUseAny(`${action} knows no resources.`);
  }

  /** Allows actions on a table, by its name. */
  allowOnTable(actions: readonly string[], tableName: string): void {
    this.allow(actions, [this.#tableArn(tableName)]);
  }

  /** Allows actions on indexes of a table, by their names. */
  allowOnIndexes(actions: readonly string[], tableName: string, indexes: readonly string[]): void {
    this.allow(
      actions,
      indexes.map((index) => this.#tableArn(`${tableName}/index/${index}`)),
    );
  }

  #tableArn(resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName });
  }

  #mayUseAny(reason: string): void {
    Validations.of(this.#role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason });
  }
}
