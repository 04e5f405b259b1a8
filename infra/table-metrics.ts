import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricProps } from 'aws-cdk-lib/aws-cloudwatch';
import { type Operation, operations } from '../lib/manifest/operations.ts';

const rows: readonly Operation[] = operations;

/** The indexes of the channels table that requests read. */
export const queriedIndexes: readonly string[] = [...new Set(rows.flatMap(({ indexes = [] }) => indexes))];

type Dimensions = NonNullable<MetricProps['dimensionsMap']>;

const sumMetric = (metricName: string, dimensionsMap: Dimensions) =>
  new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap,
    period: Duration.minutes(5),
    statistic: 'Sum',
  });

/** A figure of a table, by its name. It leaves out the table's indexes, which DynamoDB counts apart. */
export const tableMetric = (TableName: string, metricName: string): Metric =>
  sumMetric(metricName, { TableName });

/** A figure of one index of a table. */
export const indexMetric = (TableName: string, index: string, metricName: string): Metric =>
  sumMetric(metricName, { TableName, GlobalSecondaryIndexName: index });
