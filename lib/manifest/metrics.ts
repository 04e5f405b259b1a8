/** The service's own metrics, with their units in CloudWatch. Functions publish them, and alarms read them. */
export const metricUnits = {
  /** How long a heartbeat took to a stream consumer. There is no data if none arrives. */
  HeartbeatDelay: 'Milliseconds',
  /** The age of the oldest pending change at the beginning of a sweep; 0 if there is none. */
  OldestPendingChangeAge: 'Seconds',
  /** How many pending changes a sweep has applied, because the stream consumer did not. */
  SweptChanges: 'Count',
} as const;

export type MetricName = keyof typeof metricUnits;
