import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { StreamConsumer } from '../lib/manifest/stream-consumers.ts';
import type { Environment } from './environments.ts';
import { deadLetterQueueName, namesOf } from './names.ts';
import { ServiceFunction } from './service-function.ts';

/** Lambda needs these actions to read the stream. It uses the function's role. */
const streamReadActions = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'];

/**
 * The ARN of the stream of the channels table in use. CloudFormation reads a parameter of a template at each deployment, and
 * the CDK deploys a stack with such a parameter even if its template has not changed. So the mappings follow the stream when
 * its ARN changes.
 */
const channelsStreamOf = (scope: Construct, environment: Environment): string =>
  environment.restoredStream ??
  StringParameter.valueForStringParameter(scope, namesOf(environment).streamParameter);

/** A function that consumes the stream of the channels table. Its manifest row sets the event source mapping. */
export class StreamConsumerFunction extends ServiceFunction {
  /** Keeps references to the records on which the function gave up. Undefined if the manifest row wants none. */
  readonly deadLetterQueue: Queue | undefined;
  /**
   * How many records Lambda has dropped: their retries were exhausted, or they were too old. It does not count those that it
   * has sent to the dead-letter queue, but it counts those that it could not send there (AWS Lambda Developer Guide, "Types of
   * metrics for Lambda functions", `DroppedEventCount` and `OnFailureDestinationDeliveredEventCount`). It does not count what
   * has left the stream before Lambda read it.
   */
  readonly droppedRecords: Metric;

  constructor(scope: Construct, consumer: StreamConsumer, environment: Environment) {
    const { eventBus, metricNamespace } = namesOf(environment);
    const { name, handler, description, timeoutSeconds, mapping, permissions, publishes } = consumer;
    super(
      scope,
      {
        name,
        handler,
        description,
        timeoutSeconds,
        permissions,
        environmentVariables: {
          METRIC_NAMESPACE: metricNamespace,
          ...(publishes && { EVENT_BUS: eventBus }),
        },
      },
      environment,
    );
    const channelsStream = channelsStreamOf(this, environment);
    this.allow(streamReadActions, [channelsStream]);
    this.allowAnywhere('dynamodb:ListStreams');
    if (publishes)
      this.allow(
        ['events:PutEvents'],
        [Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: eventBus })],
      );
    this.deadLetterQueue = consumer.deadLetters
      ? this.#queue(deadLetterQueueName(environment, name))
      : undefined;
    const eventSource = new lambda.EventSourceMapping(this, 'Mapping', {
      target: this.function,
      eventSourceArn: channelsStream,
      startingPosition: lambda.StartingPosition[mapping.startingPosition],
      filters: mapping.filters.map((pattern) => lambda.FilterCriteria.filter(pattern)),
      batchSize: mapping.batchSize,
      maxBatchingWindow: Duration.seconds(mapping.maximumBatchingWindow),
      bisectBatchOnError: mapping.bisectBatchOnError,
      retryAttempts: mapping.retryAttempts,
      reportBatchItemFailures: mapping.reportBatchItemFailures,
      ...(this.deadLetterQueue && { onFailure: new SqsDlq(this.deadLetterQueue) }),
      metricsConfig: { metrics: [lambda.MetricType.EVENT_COUNT] },
    });
    // The CDK takes no -1. Without the property, CloudFormation would leave a deployed mapping at its earlier value.
    (eventSource.node.defaultChild as lambda.CfnEventSourceMapping).maximumRecordAgeInSeconds =
      mapping.maximumRecordAge;
    this.droppedRecords = new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'DroppedEventCount',
      dimensionsMap: { EventSourceMappingUUID: eventSource.eventSourceMappingId },
    });
  }

  #queue(queueName: string): Queue {
    const queue = new Queue(this, 'DeadLetterQueue', {
      queueName,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This is a dead-letter queue. The rule does not know queues of event source mappings.',
    });
    return queue;
  }
}
