import { fileURLToPath } from 'node:url';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface CopyStackProps extends StackProps {
  /** The event bus of an environment: `client-channels-<environment>`. */
  eventBusName: string;
  namespace: string;
}

/** A copy of a namespace's channels in a table of one's own, kept in step by the events. */
export class CopyStack extends Stack {
  constructor(scope: Construct, id: string, { eventBusName, namespace, ...props }: CopyStackProps) {
    super(scope, id, props);
    const copy = new Table(this, 'Copy', {
      partitionKey: { name: 'namespace', type: AttributeType.STRING },
      sortKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
    });
    const keepCopy = new NodejsFunction(this, 'KeepCopy', {
      entry: fileURLToPath(new URL('./copy-consumer.ts', import.meta.url)),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.seconds(30),
      environment: { COPY_TABLE: copy.tableName },
      bundling: { externalModules: [] },
    });
    copy.grant(keepCopy, 'dynamodb:PutItem');
    new Rule(this, 'Changes', {
      eventBus: EventBus.fromEventBusName(this, 'Bus', eventBusName),
      eventPattern: { source: ['client-channels'], detail: { namespace: [namespace] } },
      targets: [
        new LambdaFunction(keepCopy, {
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
          deadLetterQueue: new Queue(this, 'DeadLetters', {
            enforceSSL: true,
            retentionPeriod: Duration.days(14),
          }),
        }),
      ],
    });
  }
}
