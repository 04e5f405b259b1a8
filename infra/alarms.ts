import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  ComparisonOperator,
  type IAlarm,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Schedule, schedules } from '../lib/manifest/schedules.ts';
import { streamConsumers } from '../lib/manifest/stream-consumers.ts';
import { channelsTable } from '../lib/manifest/tables.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { serviceMetric } from './service-metric.ts';
import { indexMetric, queriedIndexes, tableMetric } from './table-metrics.ts';

const period = Duration.minutes(5);

/**
 * An alarm is raised after this many throttled requests to one table or index within 5 minutes. The SDK retries a few.
 */
const throttledRequests = 100;

/**
 * An alarm is raised if a pending change is older, in seconds. `sweep-pending` applies it at an age of 5 to 10 minutes, so at
 * this age it has tried four times in vain.
 */
const maxPendingChangeAge = 30 * 60;

interface AlarmText {
  /** What is wrong and who notices it, for a person who is woken by the alarm. */
  description: string;
  /** The heading in docs/operations.md that says what to do. */
  runbook: string;
}

interface UpperLimit {
  /**
   * The alarm is raised at this value and above. Missing data raises no alarm, because at night there may be no
   * requests.
   */
  atLeast: number;
  /** Periods in a row; 1 by default. */
  periods?: number;
}

interface LowerLimit {
  /** The alarm is raised below this value, and also if data is missing. */
  below: number;
  /** Periods in a row; 1 by default. */
  periods?: number;
}

type AlarmProps = AlarmText & (UpperLimit | LowerLimit) & { metric: Metric };

/** The functions of the operations, and the stage of the gateway that calls them. */
export interface ApiFunctions {
  functions: { name: string; function: IFunction }[];
  stage: HttpStage;
}

/** A stream consumer, and what is known of the records on which Lambda gave up. */
export interface MonitoredConsumer {
  function: IFunction;
  deadLetterQueue: IQueue | undefined;
  droppedRecords: Metric;
}

/** The alarms of one stack. Each is on one plain metric, so that the dashboard shows the same figure. */
export class Alarms extends Construct {
  readonly all: Alarm[] = [];
  readonly #action: SnsAction;
  readonly #environment: Environment;

  constructor(scope: Construct, environment: Environment) {
    super(scope, 'Alarms');
    this.#environment = environment;
    this.#action = new SnsAction(this.#topic(namesOf(environment).alarmTopic));
  }

  /** Alarms on errors, throttling and latency of the operations. */
  addApiAlarms({ functions, stage }: ApiFunctions): void {
    const { errorCount, p99LatencyMs } = this.#environment.alarms;
    for (const { name, function: operation } of functions) {
      this.#addErrorAlarms(name, operation, {
        atLeast: errorCount,
        description: `${name} crashed or timed out. Callers got an error of the gateway.`,
        runbook: 'errors',
      });
      this.#addAlarm(`${name}-latency`, {
        metric: operation.metricDuration({ period, statistic: 'p99' }),
        atLeast: p99LatencyMs,
        // If there are few requests, the 99th percentile is the slowest of them. Three periods in a row keep one slow
        // request from raising the alarm. CloudWatch can ignore periods with few requests, but then the alarm is silent
        // below 1,000 requests a period, and an alarm raised at the end of a busy day stays on through the night.
        periods: 3,
        description: `${name} is slow: 1 in 100 requests has taken ${p99LatencyMs} ms or more for 15 minutes.`,
        runbook: 'latency',
      });
    }
    this.#addAlarm('server-errors', {
      metric: stage.metricServerError({ period, statistic: 'Sum' }),
      atLeast: errorCount,
      description: 'The API answers requests with a status of 500 or above.',
      runbook: 'server-errors',
    });
  }

  /** Alarms on requests that DynamoDB throttles, by table and by index. */
  addTableAlarms(): void {
    const { tables } = namesOf(this.#environment);
    const reads = 'ReadThrottleEvents';
    const writes = 'WriteThrottleEvents';
    this.#addThrottlingAlarm('channels-table-throttled-reads', tableMetric(tables.channels, reads), {
      description: 'DynamoDB throttles reads of the channels table. Requests are slow or fail with 429.',
      runbook: 'channels-table-throttled',
    });
    this.#addThrottlingAlarm('channels-table-throttled-writes', tableMetric(tables.channels, writes), {
      description: 'DynamoDB throttles writes to the channels table. Requests are slow or fail with 429.',
      runbook: 'channels-table-throttled',
    });
    this.#addThrottlingAlarm('projections-table-throttled-reads', tableMetric(tables.projections, reads), {
      description:
        'DynamoDB throttles reads of the projections table. Searches and pages by number are slow or fail with 429.',
      runbook: 'projections-table-throttled',
    });
    this.#addThrottlingAlarm('projections-table-throttled-writes', tableMetric(tables.projections, writes), {
      description:
        'DynamoDB throttles writes to the projections table. The projections fall behind the channels.',
      runbook: 'projections-table-throttled',
    });
    this.#addThrottlingAlarm('history-table-throttled-reads', tableMetric(tables.history, reads), {
      description: 'DynamoDB throttles reads of the history table. Histories are slow or fail with 429.',
      runbook: 'history-table-throttled',
    });
    this.#addThrottlingAlarm('history-table-throttled-writes', tableMetric(tables.history, writes), {
      description: 'DynamoDB throttles writes to the history table. Versions and events are late.',
      runbook: 'history-table-throttled',
    });
    for (const index of queriedIndexes)
      this.#addThrottlingAlarm(`index-throttled-reads-${index}`, indexMetric(tables.channels, index, reads), {
        description: `DynamoDB throttles reads of the index ${index}. Lists that use it are slow or fail with 429.`,
        runbook: 'index-throttled',
      });
    for (const { name } of channelsTable.indexes)
      this.#addThrottlingAlarm(`index-throttled-writes-${name}`, indexMetric(tables.channels, name, writes), {
        description: `DynamoDB throttles writes to the index ${name}. Changes of channels are slow or fail with 429.`,
        runbook: 'index-throttled',
      });
    this.#addThrottlingAlarm('api-keys-table-throttled-reads', tableMetric(tables.apiKeys, reads), {
      description: 'DynamoDB throttles reads of the API keys table. Callers with valid keys get 429.',
      runbook: 'api-keys-table-throttled',
    });
  }

  /**
   * Alarms on a stream consumer: dead letters if it has a queue for them, dropped records, a missing heartbeat, lag, errors
   * and throttling.
   */
  addStreamConsumerAlarms(name: string, monitored: MonitoredConsumer): void {
    const { function: consumer, deadLetterQueue, droppedRecords } = monitored;
    const { errorCount, streamLagMs } = this.#environment.alarms;
    if (deadLetterQueue)
      this.#addAlarm(`${name}-dead-letters`, {
        metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
        atLeast: 1,
        description: `${name} gave up on some records. Its dead-letter queue keeps them.`,
        runbook: 'dead-letters',
      });
    this.#addAlarm(`${name}-dropped`, {
      metric: droppedRecords.with({ period, statistic: 'Sum' }),
      atLeast: 1,
      description: `Lambda gave up on records that ${name} could not handle, and no dead-letter queue has them.`,
      runbook: 'dropped',
    });
    // `sweep-pending` sends a heartbeat every 5 minutes. One that is a little late must not raise the alarm.
    this.#addAlarm(`${name}-heartbeat`, {
      metric: serviceMetric(this.#environment, 'HeartbeatDelay', name, 'SampleCount'),
      below: 1,
      periods: 3,
      description: `No heartbeat has reached ${name} through the stream for 15 minutes. It may have stopped.`,
      runbook: 'heartbeat',
    });
    this.#addAlarm(`${name}-lag`, {
      metric: consumer.metric('IteratorAge', { period, statistic: 'Maximum' }),
      atLeast: streamLagMs,
      description: `${name} is ${streamLagMs / 60_000} minutes or more behind the stream of the channels table.`,
      runbook: 'lag',
    });
    this.#addErrorAlarms(name, consumer, {
      atLeast: errorCount,
      description: `${name} fails on records of the stream. Lambda retries them, and later gives up on them.`,
      runbook: 'stream-errors',
    });
  }

  /** Alarms on pending changes that the stream consumer should have applied. */
  addPendingChangeAlarms(): void {
    this.#addAlarm('pending-changes-old', {
      metric: serviceMetric(this.#environment, 'OldestPendingChangeAge', 'sweep-pending', 'Maximum'),
      atLeast: maxPendingChangeAge,
      description: `A change has waited for ${maxPendingChangeAge / 60} minutes or more. It cannot be applied.`,
      runbook: 'pending-changes-old',
    });
    this.#addAlarm('pending-changes-swept', {
      metric: serviceMetric(this.#environment, 'SweptChanges', 'sweep-pending', 'Sum'),
      atLeast: 1,
      // One record on which the stream consumer gave up is repaired by one run, and nobody has to act.
      periods: 3,
      description: 'For 15 minutes, sweep-pending has done work of project-channels. Searches cost more.',
      runbook: 'pending-changes-swept',
    });
  }

  /** Alarms on a scheduled function: errors, throttling, and runs that are missing. */
  addScheduleAlarms({ name, everyMinutes }: Schedule, scheduled: IFunction): void {
    const interval = Duration.minutes(everyMinutes);
    this.#addErrorAlarms(
      name,
      scheduled,
      {
        atLeast: 1,
        periods: 3,
        description: `${name} failed three times in a row. Its work is not done.`,
        runbook: 'schedule-errors',
      },
      interval,
    );
    this.#addAlarm(`${name}-not-run`, {
      metric: scheduled.metricInvocations({ period: interval, statistic: 'Sum' }),
      below: 1,
      periods: 3,
      description: `${name} has not run for ${3 * everyMinutes} minutes. Its work is not done.`,
      runbook: 'not-run',
    });
  }

  /** Adds an alarm on a function's errors, and one on its throttled invocations with the same limit. */
  #addErrorAlarms(
    name: string,
    target: IFunction,
    { description, runbook, ...limit }: AlarmText & UpperLimit,
    metricPeriod = period,
  ): void {
    this.#addAlarm(`${name}-errors`, {
      ...limit,
      metric: target.metricErrors({ period: metricPeriod, statistic: 'Sum' }),
      description,
      runbook,
    });
    this.#addAlarm(`${name}-throttles`, {
      ...limit,
      metric: target.metricThrottles({ period: metricPeriod, statistic: 'Sum' }),
      description: `Lambda refuses to run ${name}: the account has no concurrency left.`,
      runbook: 'throttles',
    });
  }

  #addThrottlingAlarm(name: string, metric: Metric, text: AlarmText): void {
    this.#addAlarm(name, { ...text, metric, atLeast: throttledRequests });
  }

  #topic(resource: string): ITopic {
    return Topic.fromTopicArn(this, 'Topic', Stack.of(this).formatArn({ service: 'sns', resource }));
  }

  #addAlarm(name: string, { metric, periods = 1, description, runbook, ...limit }: AlarmProps): void {
    const condition =
      'below' in limit
        ? {
            threshold: limit.below,
            comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
            treatMissingData: TreatMissingData.BREACHING,
          }
        : {
            threshold: limit.atLeast,
            comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treatMissingData: TreatMissingData.NOT_BREACHING,
          };
    const alarm = new Alarm(this, name, {
      alarmName: `${namesOf(this.#environment).namePrefix}-${name}`,
      alarmDescription: `${description} What to do: docs/operations.md#${runbook}`,
      metric,
      evaluationPeriods: periods,
      ...condition,
    });
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
    this.all.push(alarm);
  }
}

const eventsStackAlarmNames = [
  ...streamConsumers.flatMap(({ name, deadLetters }) => [
    ...(deadLetters ? [`${name}-dead-letters`] : []),
    ...['dropped', 'heartbeat', 'lag', 'errors', 'throttles'].map((suffix) => `${name}-${suffix}`),
  ]),
  ...['pending-changes-old', 'pending-changes-swept'],
  ...schedules.flatMap(({ name }) => ['errors', 'throttles', 'not-run'].map((suffix) => `${name}-${suffix}`)),
];

/** The alarms of the events stack, imported by name so that the dashboard of another stack can show them. */
export const eventsStackAlarms = (scope: Construct, environment: Environment): IAlarm[] =>
  eventsStackAlarmNames.map((name) =>
    Alarm.fromAlarmArn(
      scope,
      name,
      Stack.of(scope).formatArn({
        service: 'cloudwatch',
        resource: 'alarm',
        resourceName: `${namesOf(environment).namePrefix}-${name}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ),
  );
