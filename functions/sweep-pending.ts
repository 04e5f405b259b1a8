import type { ScheduledHandler } from 'aws-lambda';
import { readMetricsConfig, readProjectionsConfig } from '../lib/config.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { sendHeartbeat } from '../lib/heartbeat.ts';
import { logFailure } from '../lib/log.ts';
import { metricsPublisher } from '../lib/metrics.ts';
import { sweepPending } from '../lib/projections/apply/sweep.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';

const { CHANNELS_TABLE: channels, PROJECTIONS_TABLE: projections } = readProjectionsConfig();
const publishMetrics = metricsPublisher(readMetricsConfig().METRIC_NAMESPACE, 'sweep-pending');
const client = connect();

/** By this age, the stream consumer should have applied a pending change. */
const minAgeMs = 5 * 60 * 1000;
const deadlineMarginMs = 1_000;
/** Time that must be left to begin another batch. */
const batchTimeMs = 10_000;

/**
 * Sends a heartbeat to the stream consumers, and applies the pending changes that they missed. Publishes how old the oldest
 * pending change was, and how many were applied.
 * @throws Error at the end with all problems: the heartbeat was not sent, the sweep ended early (then no metric is published),
 * some changes failed, or time ran out. The alarm counts these errors.
 */
export const handler: ScheduledHandler = async (_event, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - deadlineMarginMs);
  const tables = openChannelTables(client, { channels, projections }, signal);
  const isTimeLeft = () => context.getRemainingTimeInMillis() > batchTimeMs;
  const problems: string[] = [];
  let cause: Error | undefined;
  const addProblem = (what: string) => (error: Error) => {
    problems.push(`${what}: ${error.message}`);
    cause = error;
    return undefined;
  };
  await sendHeartbeat(tables.channels).catch(addProblem('The heartbeat was not sent'));
  const now = Date.now();
  const swept = await sweepPending(tables, now - minAgeMs, {
    isTimeLeft,
    report: ({ namespace, id }, error) => logFailure({ namespace, channel: id }, error),
  }).catch(addProblem('The sweep ended early'));
  if (swept) {
    const { applied, failed, ranOutOfTime, oldestSince } = swept;
    const OldestPendingChangeAge = Math.max(0, Math.round((now - (oldestSince ?? now)) / 1000));
    publishMetrics({ OldestPendingChangeAge, SweptChanges: applied });
    if (failed) problems.push(`${failed} pending changes could not be applied`);
    if (ranOutOfTime) problems.push('Time ran out before all pending changes were applied');
  }
  if (problems.length) throw new Error(problems.join('; '), { cause });
};
