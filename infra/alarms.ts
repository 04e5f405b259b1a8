import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, ComparisonOperator, type IAlarm, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { consumers } from '../lib/consumers.ts';
import { schedules } from '../lib/schedules.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';

const period = Duration.minutes(5);

interface Ring {
  metric: Metric;
  /** It rings at this value and above. */
  from: number;
  /** Periods in a row; 1 unless said otherwise. */
  periods?: number;
  /** What it means to a person who is woken by it. */
  meaning: string;
  /** The heading in docs/operations.md under which it stands what to do. */
  runbook: string;
}

/** The operations' functions and their gateway. */
export interface Api {
  functions: { name: string; function: IFunction }[];
  stage: HttpStage;
}

/** What somebody is woken for. Each on one metric as it is, so that it can be read off the dashboard. */
export class Alarms extends Construct {
  readonly all: Alarm[] = [];
  readonly #action: SnsAction;
  readonly #environment: Environment;

  constructor(scope: Construct, environment: Environment) {
    super(scope, 'Alarms');
    this.#environment = environment;
    this.#action = new SnsAction(this.#topic(namesOf(environment).alarmTopic));
  }

  /** What requests suffer from. */
  watchApi({ functions, stage }: Api): void {
    const names = namesOf(this.#environment);
    const { failures, slowest } = this.#environment.alarms;
    for (const { name, function: operation } of functions) {
      this.#ring(`${name}-errors`, {
        metric: operation.metricErrors({ period, statistic: 'Sum' }),
        from: failures,
        meaning: `${name} crashed or ran out of time: its callers got no answer of ours.`,
        runbook: 'errors',
      });
      this.#ring(`${name}-throttles`, {
        metric: operation.metricThrottles({ period, statistic: 'Sum' }),
        from: failures,
        meaning: `Lambda refused to run ${name}: the account has no concurrency left.`,
        runbook: 'throttles',
      });
      this.#ring(`${name}-latency`, {
        metric: operation.metricDuration({ period, statistic: 'p99' }),
        from: slowest,
        periods: 3,
        meaning: `One in a hundred requests to ${name} takes ${slowest} ms or more.`,
        runbook: 'latency',
      });
    }
    this.#ring('server-errors', {
      metric: stage.metricServerError({ period, statistic: 'Sum' }),
      from: failures,
      meaning: 'Requests are answered with a status of 500 and above.',
      runbook: 'server-errors',
    });
    for (const [kind, metricName] of [
      ['reads', 'ReadThrottleEvents'],
      ['writes', 'WriteThrottleEvents'],
    ] as const)
      this.#ring(`table-throttled-${kind}`, {
        metric: tableMetric(names.channelsTable, metricName),
        from: 100,
        meaning: `The channels table refuses ${kind}: requests are slow, or answered with 429.`,
        runbook: 'table-throttled',
      });
    this.#ring('access-keys-throttled', {
      metric: tableMetric(names.accessKeysTable, 'ReadThrottleEvents'),
      from: 100,
      meaning: 'The access keys table refuses reads: callers with valid keys are turned away.',
      runbook: 'access-keys-throttled',
    });
  }

  /** What keeps a function on the stream from following the table. */
  watchConsumer(name: string, consumer: IFunction, deadLetters: IQueue | undefined): void {
    const { furthestBehind } = this.#environment.alarms;
    if (deadLetters)
      this.#ring(`${name}-dead-letters`, {
        metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
        from: 1,
        meaning: `${name} could not do what it was for, and has given up: records wait among the dead letters.`,
        runbook: 'dead-letters',
      });
    this.#ring(`${name}-lag`, {
      metric: consumer.metric('IteratorAge', { period, statistic: 'Maximum' }),
      from: furthestBehind,
      meaning: `${name} is ${furthestBehind / 60_000} minutes or more behind the table.`,
      runbook: 'lag',
    });
  }

  /** What keeps a function from what it does by the clock. */
  watchScheduled(name: string, scheduled: IFunction): void {
    this.#ring(`${name}-errors`, {
      metric: scheduled.metricErrors({ period, statistic: 'Sum' }),
      from: 1,
      periods: 3,
      meaning: `${name} has failed three times in a row: what it is there to mend waits.`,
      runbook: 'overdue',
    });
  }

  #topic(resource: string): ITopic {
    return Topic.fromTopicArn(this, 'Topic', Stack.of(this).formatArn({ service: 'sns', resource }));
  }

  #ring(name: string, { metric, from, periods = 1, meaning, runbook }: Ring): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${namesOf(this.#environment).prefix}-${name}`,
      alarmDescription: `${meaning} What to do: docs/operations.md#${runbook}`,
      metric,
      threshold: from,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      // A service that nobody calls at night is well.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      // Of a handful of requests the 99th percentile is the slowest one, which says nothing.
      ...(metric.statistic === 'p99' && { evaluateLowSampleCountPercentile: 'ignore' }),
    });
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
    this.all.push(alarm);
  }
}

const followers = [
  ...consumers.flatMap(({ name, deadLetters }) => [
    ...(deadLetters ? [`${name}-dead-letters`] : []),
    `${name}-lag`,
  ]),
  ...schedules.map(({ name }) => `${name}-errors`),
];

/** The alarms of what follows the table, for whoever shows them from another stack. */
export const followerAlarms = (scope: Construct, environment: Environment): IAlarm[] =>
  followers.map((name) =>
    Alarm.fromAlarmArn(
      scope,
      name,
      Stack.of(scope).formatArn({
        service: 'cloudwatch',
        resource: 'alarm',
        resourceName: `${namesOf(environment).prefix}-${name}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ),
  );

const tableMetric = (table: string, metricName: string) =>
  new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap: { TableName: table },
    period,
    statistic: 'Sum',
  });
