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
  /** The name of an environment's event bus: `client-channels-<environment>`. */
  eventBusName: string;
  namespace: string;
}

/** A table with a copy of a namespace's channels, and the function that applies the events to it. */
export class CopyStack extends Stack {
  constructor(scope: Construct, id: string, { eventBusName, namespace, ...props }: CopyStackProps) {
    super(scope, id, props);
    const copy = new Table(this, 'Copy', {
      partitionKey: { name: 'namespace', type: AttributeType.STRING },
      sortKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
    });
    const consumer = new NodejsFunction(this, 'Consumer', {
      entry: fileURLToPath(new URL('./copy-consumer.ts', import.meta.url)),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.seconds(30),
      environment: { COPY_TABLE: copy.tableName },
      bundling: { externalModules: [] },
    });
    copy.grant(consumer, 'dynamodb:PutItem');
    new Rule(this, 'Changes', {
      eventBus: EventBus.fromEventBusName(this, 'Bus', eventBusName),
      eventPattern: { source: ['client-channels'], detail: { namespace: [namespace] } },
      targets: [
        new LambdaFunction(consumer, {
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
