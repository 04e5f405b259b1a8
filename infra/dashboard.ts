import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  LogQueryWidget,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type StreamConsumer, streamConsumers } from '../lib/manifest/stream-consumers.ts';
import { channelsTable } from '../lib/manifest/tables.ts';
import { type ApiFunctions, eventsStackAlarms } from './alarms.ts';
import type { Environment } from './environments.ts';
import { deadLetterQueueName, namesOf } from './names.ts';
import { serviceMetric } from './service-metric.ts';
import { indexMetric, tableMetric } from './table-metrics.ts';

interface DashboardProps extends ApiFunctions {
  functions: (ApiFunctions['functions'][number] & { logGroup: ILogGroup })[];
  alarms: Alarm[];
}

const period = Duration.minutes(5);
const half = { width: 12, height: 6 };

/**
 * Adds the dashboard of an environment, one page: alarms, requests, operations, the capacity that tables consume, and the
 * progress of the stream consumers. The consumers are in another stack, so their metrics are imported by name.
 */
export const addDashboard = (
  scope: Construct,
  environment: Environment,
  { functions, stage, alarms }: DashboardProps,
): Dashboard => {
  const names = namesOf(environment);
  const perTable = (title: string, metricName: string) =>
    new GraphWidget({
      title,
      left: [
        ...Object.values(names.tables).map((table) => tableMetric(table, metricName).with({ label: table })),
        ...channelsTable.indexes.map(({ name }) =>
          indexMetric(names.tables.channels, name, metricName).with({ label: name }),
        ),
      ],
      ...half,
    });
  const perConsumer = (
    title: string,
    consumers: readonly StreamConsumer[],
    metricOf: (name: string) => {
      namespace: string;
      metricName: string;
      dimensionsMap: Record<string, string>;
    },
  ) =>
    new GraphWidget({
      title,
      left: consumers.map(
        ({ name }) => new Metric({ ...metricOf(name), label: name, period, statistic: 'Maximum' }),
      ),
      ...half,
    });
  const perFunction = (title: string, metricOf: (row: DashboardProps['functions'][number]) => Metric) =>
    new GraphWidget({ title, left: functions.map(metricOf), ...half });
  return new Dashboard(scope, 'Dashboard', {
    dashboardName: names.namePrefix,
    widgets: [
      [
        new AlarmStatusWidget({
          title: 'Alarms',
          alarms: [...alarms, ...eventsStackAlarms(scope, environment)],
          width: 24,
          height: 4,
        }),
      ],
      [
        new GraphWidget({
          title: 'Requests',
          left: [
            stage.metricCount({ period }),
            stage.metricClientError({ period }),
            stage.metricServerError({ period }),
          ],
          ...half,
        }),
        new GraphWidget({
          title: 'Latency at the gateway (ms)',
          left: ['p50', 'p99'].map((statistic) =>
            stage.metricLatency({ period, statistic, label: statistic }),
          ),
          ...half,
        }),
      ],
      [
        perFunction('Duration of functions, p99 (ms)', ({ name, function: operation }) =>
          operation.metricDuration({ period, statistic: 'p99', label: name }),
        ),
        perFunction('Errors of functions', ({ name, function: operation }) =>
          operation.metricErrors({ period, label: name }),
        ),
      ],
      [
        perTable('Consumed read units', 'ConsumedReadCapacityUnits'),
        perTable('Consumed write units', 'ConsumedWriteCapacityUnits'),
      ],
      [
        perTable('Throttled reads', 'ReadThrottleEvents'),
        perTable('Throttled writes', 'WriteThrottleEvents'),
      ],
      [
        perConsumer('Stream lag (ms)', streamConsumers, (name) => ({
          namespace: 'AWS/Lambda',
          metricName: 'IteratorAge',
          dimensionsMap: { FunctionName: `${names.namePrefix}-${name}` },
        })),
        perConsumer(
          'Dead letters',
          streamConsumers.filter(({ deadLetters }) => deadLetters),
          (name) => ({
            namespace: 'AWS/SQS',
            metricName: 'ApproximateNumberOfMessagesVisible',
            dimensionsMap: { QueueName: deadLetterQueueName(environment, name) },
          }),
        ),
      ],
      [
        new GraphWidget({
          title: 'Heartbeats through the stream: delay (ms)',
          left: streamConsumers.map(({ name }) =>
            serviceMetric(environment, 'HeartbeatDelay', name, 'Maximum').with({ label: name }),
          ),
          ...half,
        }),
        new GraphWidget({
          title: 'Pending changes: age of the oldest (s), and how many sweep-pending applied',
          left: [serviceMetric(environment, 'OldestPendingChangeAge', 'sweep-pending', 'Maximum')],
          right: [serviceMetric(environment, 'SweptChanges', 'sweep-pending', 'Sum')],
          ...half,
        }),
      ],
      [
        new LogQueryWidget({
          title: 'Duration and capacity by operation',
          logGroupNames: functions.map(({ logGroup }) => logGroup.logGroupName),
          queryLines: [
            'filter ispresent(operation)',
            'stats count() as requests, pct(duration_ms, 99) as p99_ms, avg(calls) as round_trips, ' +
              'avg(rcu) as read_units, avg(wcu) as write_units by operation',
          ],
          width: 24,
          height: 6,
        }),
      ],
    ],
  });
};
