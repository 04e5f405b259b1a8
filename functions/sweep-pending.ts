import type { ScheduledHandler } from 'aws-lambda';
import { readTablesConfig } from '../lib/config.ts';
import { sweepPending } from '../lib/projections/apply/sweep.ts';
import { openChannelTables } from '../lib/projections/channel-tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { logFailure, logLine } from '../lib/log.ts';

const { CHANNELS_TABLE: channels, DIRECTORY_TABLE: directory } = readTablesConfig();
const client = connect();

/** Milliseconds after which the stream ought to have settled a mark long since. */
const minAgeMs = 5 * 60 * 1000;
/** Milliseconds kept for the last one. */
const deadlineMarginMs = 10_000;

/**
 * Settles what the stream has missed.
 * @throws Error, at the end, where some could not be or time ran out before their turn: it is what the alarm counts
 */
export const handler: ScheduledHandler = async (_event, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - 1_000);
  const tables = openChannelTables(client, { channels, directory }, signal);
  const isTimeLeft = () => context.getRemainingTimeInMillis() > deadlineMarginMs;
  const { applied: settled, failed, ranOutOfTime: isCutShort } = await sweepPending(tables, Date.now() - minAgeMs, {
    isTimeLeft,
    report: ({ namespace, id }, error) => logFailure({ namespace, channel: id }, error),
  });
  if (settled) logLine({ settled });
  if (failed) throw new Error(`${failed} could not be settled`);
  if (isCutShort) throw new Error('Time ran out before all were settled');
};
