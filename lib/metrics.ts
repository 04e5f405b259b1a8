import { logLine } from './log.ts';
import { type MetricName, metricUnits } from './manifest/metrics.ts';

export type PublishMetrics = (values: Partial<Record<MetricName, number>>) => void;

/**
 * Returns a function that publishes metrics. It writes a line to the log, and CloudWatch makes the metrics from it (CloudWatch
 * User Guide, "Embedded metric format specification"). This needs no call and no permission.
 * @param namespace the namespace of the metrics. Without one, nothing is published.
 * @param functionName the dimension of the metrics: the name of the function in the manifest
 */
export const metricsPublisher =
  (namespace: string | undefined, functionName: string): PublishMetrics =>
  (values) => {
    if (namespace === undefined) return;
    const Metrics = Object.keys(values).map((Name) => ({ Name, Unit: metricUnits[Name as MetricName] }));
    const CloudWatchMetrics = [{ Namespace: namespace, Dimensions: [['Function']], Metrics }];
    logLine({ _aws: { Timestamp: Date.now(), CloudWatchMetrics }, Function: functionName, ...values });
  };
