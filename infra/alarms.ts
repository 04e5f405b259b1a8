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
import { channelsTable as channelsTableDefinition } from '../lib/manifest/tables.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { indexMetric, queriedIndexes, tableMetric } from './table-metrics.ts';

const period = Duration.minutes(5);

interface Told {
  /** What it means to a person who is woken by it. */
  meaning: string;
  /** The heading in docs/operations.md under which it stands what to do. */
  runbook: string;
}

interface Count {
  /** It rings at this value and above. A metric that has no values is well: nobody may call a service at night. */
  from: number;
  /** Periods in a row; 1 unless said otherwise. */
  periods?: number;
}

interface Lack {
  /** It rings under this value, and where the metric has no values at all. */
  below: number;
  periods?: number;
}

type Ring = Told & (Count | Lack) & { metric: Metric };

/** The operations' functions and their gateway. */
export interface ApiFunctions {
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
  addApiAlarms({ functions, stage }: ApiFunctions): void {
    const { errorCount: failures, p99LatencyMs: slowest } = this.#environment.alarms;
    for (const { name, function: operation } of functions) {
      this.#watchRuns(name, operation, {
        from: failures,
        meaning: `${name} crashed or ran out of time: its callers got no answer of ours.`,
        runbook: 'errors',
      });
      this.#ring(`${name}-latency`, {
        metric: operation.metricDuration({ period, statistic: 'p99' }),
        from: slowest,
        // Of a handful of requests the 99th percentile is the slowest one. Three periods in a row keep a single one from
        // ringing; CloudWatch can pass over few requests too, but then it is mute below 1,000 of them, and what rings
        // at the end of a busy day goes on through the night.
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
  }

  /** What the tables and their indexes refuse. */
  addTableAlarms(): void {
    const {
      channelsTable,
      projectionsTable: directoryTable,
      apiKeysTable: accessKeysTable,
    } = namesOf(this.#environment);
    const from = 100;
    const kinds = [
      ['reads', 'ReadThrottleEvents'],
      ['writes', 'WriteThrottleEvents'],
    ] as const;
    for (const [kind, metricName] of kinds)
      this.#ring(`table-throttled-${kind}`, {
        metric: tableMetric(channelsTable, metricName),
        from,
        meaning: `The channels table refuses ${kind}: requests are slow, or answered with 429.`,
        runbook: 'table-throttled',
      });
    for (const [kind, metricName] of kinds)
      this.#ring(`directory-throttled-${kind}`, {
        metric: tableMetric(directoryTable, metricName),
        from,
        meaning: `The directory refuses ${kind}: searches and pages by number are slow, or changes are late in it.`,
        runbook: 'directory-throttled',
      });
    for (const index of queriedIndexes)
      this.#ring(`index-throttled-${index}`, {
        metric: indexMetric(channelsTable, index, 'ReadThrottleEvents'),
        from,
        meaning: `The index ${index} refuses reads: the lists that read it are slow, or answered with 429.`,
        runbook: 'index-throttled',
      });
    for (const { name } of channelsTableDefinition.indexes)
      this.#ring(`index-throttled-writes-${name}`, {
        metric: indexMetric(channelsTable, name, 'WriteThrottleEvents'),
        from,
        meaning: `The index ${name} refuses writes: changes of channels are slow, or answered with 429.`,
        runbook: 'index-throttled',
      });
    this.#ring('access-keys-throttled', {
      metric: tableMetric(accessKeysTable, 'ReadThrottleEvents'),
      from,
      meaning: 'The access keys table refuses reads: callers with valid keys are turned away.',
      runbook: 'access-keys-throttled',
    });
  }

  /** What keeps a function on the stream from following the table. */
  addStreamConsumerAlarms(name: string, consumer: IFunction, deadLetters: IQueue | undefined): void {
    const { errorCount: failures, streamLagMs: furthestBehind } = this.#environment.alarms;
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
    this.#watchRuns(name, consumer, {
      from: failures,
      meaning: `${name} fails on what the table's stream hands it: records are tried again, then given up.`,
      runbook: 'stream-errors',
    });
  }

  /** What keeps a function from what it does by the clock. */
  addScheduleAlarms({ name, everyMinutes }: Schedule, scheduled: IFunction): void {
    const between = Duration.minutes(everyMinutes);
    this.#watchRuns(
      name,
      scheduled,
      {
        from: 1,
        periods: 3,
        meaning: `${name} has failed three times in a row: what it is there to mend waits.`,
        runbook: 'overdue',
      },
      between,
    );
    this.#ring(`${name}-not-run`, {
      metric: scheduled.metricInvocations({ period: between, statistic: 'Sum' }),
      below: 1,
      periods: 3,
      meaning: `${name} has not been run in ${3 * everyMinutes} minutes: what it is there to mend waits.`,
      runbook: 'not-run',
    });
  }

  /** What a function fails at, and that it may not run: counted alike. */
  #watchRuns(name: string, of: IFunction, { meaning, runbook, ...count }: Told & Count, each = period): void {
    this.#ring(`${name}-errors`, {
      ...count,
      metric: of.metricErrors({ period: each, statistic: 'Sum' }),
      meaning,
      runbook,
    });
    this.#ring(`${name}-throttles`, {
      ...count,
      metric: of.metricThrottles({ period: each, statistic: 'Sum' }),
      meaning: `Lambda refused to run ${name}: the account has no concurrency left.`,
      runbook: 'throttles',
    });
  }

  #topic(resource: string): ITopic {
    return Topic.fromTopicArn(this, 'Topic', Stack.of(this).formatArn({ service: 'sns', resource }));
  }

  #ring(name: string, { metric, periods = 1, meaning, runbook, ...limit }: Ring): void {
    const rule =
      'below' in limit
        ? {
            threshold: limit.below,
            comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
            treatMissingData: TreatMissingData.BREACHING,
          }
        : {
            threshold: limit.from,
            comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treatMissingData: TreatMissingData.NOT_BREACHING,
          };
    const alarm = new Alarm(this, name, {
      alarmName: `${namesOf(this.#environment).namePrefix}-${name}`,
      alarmDescription: `${meaning} What to do: docs/operations.md#${runbook}`,
      metric,
      evaluationPeriods: periods,
      ...rule,
    });
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
    this.all.push(alarm);
  }
}

const eventsStackAlarmNames = [
  ...streamConsumers.flatMap(({ name, deadLetters }) => [
    ...(deadLetters ? [`${name}-dead-letters`] : []),
    ...['lag', 'errors', 'throttles'].map((what) => `${name}-${what}`),
  ]),
  ...schedules.flatMap(({ name }) => ['errors', 'throttles', 'not-run'].map((what) => `${name}-${what}`)),
];

/** The alarms of what follows the table, for whoever shows them from another stack. */
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
