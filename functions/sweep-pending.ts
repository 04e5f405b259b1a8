import type { ScheduledHandler } from 'aws-lambda';
import { readProjectionsConfig } from '../lib/config.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { logFailure, logLine } from '../lib/log.ts';
import { sweepPending } from '../lib/projections/apply/sweep.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';

const { CHANNELS_TABLE: channels, PROJECTIONS_TABLE: projections } = readProjectionsConfig();
const client = connect();

/** By this age, the stream consumer should have applied a pending change. */
const minAgeMs = 5 * 60 * 1000;
const deadlineMarginMs = 1_000;
/** Time that must be left to begin another batch. */
const batchTimeMs = 10_000;

/**
 * Applies the pending changes that the stream consumer missed.
 * @throws Error at the end, if some failed or time ran out. The alarm counts these errors.
 */
export const handler: ScheduledHandler = async (_event, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - deadlineMarginMs);
  const tables = openChannelTables(client, { channels, projections }, signal);
  const isTimeLeft = () => context.getRemainingTimeInMillis() > batchTimeMs;
  const { applied, failed, ranOutOfTime } = await sweepPending(tables, Date.now() - minAgeMs, {
    isTimeLeft,
    report: ({ namespace, id }, error) => logFailure({ namespace, channel: id }, error),
  });
  if (applied) logLine({ applied });
  if (failed) throw new Error(`${failed} pending changes could not be applied`);
  if (ranOutOfTime) throw new Error('Time ran out before all pending changes were applied');
};
