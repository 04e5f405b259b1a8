import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricProps } from 'aws-cdk-lib/aws-cloudwatch';
import { type Operation, operations } from '../lib/manifest/operations.ts';

/** The indexes of the channels table that operations query. */
export const queriedIndexes: readonly string[] = [
  ...new Set(operations.flatMap(({ permissions }: Operation) => permissions.indexes?.names ?? [])),
];

type Dimensions = NonNullable<MetricProps['dimensionsMap']>;

const sumMetric = (metricName: string, dimensionsMap: Dimensions) =>
  new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap,
    period: Duration.minutes(5),
    statistic: 'Sum',
  });

/** A metric of a table, summed over 5 minutes. It does not include indexes: DynamoDB reports them separately. */
export const tableMetric = (TableName: string, metricName: string): Metric =>
  sumMetric(metricName, { TableName });

/** A metric of one index of a table, summed over 5 minutes. */
export const indexMetric = (TableName: string, index: string, metricName: string): Metric =>
  sumMetric(metricName, { TableName, GlobalSecondaryIndexName: index });
