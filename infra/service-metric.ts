import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricName } from '../lib/manifest/metrics.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';

/** A metric that a function publishes itself, over 5 minutes. */
export const serviceMetric = (
  environment: Environment,
  metricName: MetricName,
  functionName: string,
  statistic: 'Maximum' | 'SampleCount' | 'Sum',
): Metric =>
  new Metric({
    namespace: namesOf(environment).metricNamespace,
    metricName,
    dimensionsMap: { Function: functionName },
    period: Duration.minutes(5),
    statistic,
  });
