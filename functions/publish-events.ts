import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { readEventsConfig, readMetricsConfig } from '../lib/config.ts';
import { connectBus } from '../lib/events/bus.ts';
import { publishBatch } from '../lib/events/publish-batch.ts';
import { acceptHeartbeats } from '../lib/heartbeat.ts';
import { logFailure } from '../lib/log.ts';
import { metricsPublisher } from '../lib/metrics.ts';

/** The time that is left for the response when publishing stops. */
const deadlineMarginMs = 5_000;

const publishMetrics = metricsPublisher(readMetricsConfig().METRIC_NAMESPACE, 'publish-events');
const putEntries = connectBus(readEventsConfig().EVENT_BUS);

/**
 * Publishes the events of a batch of stream records, and reports the record from which Lambda has to deliver again. If
 * that is the first record, the function fails instead. Lambda then halves the batch until a record that cannot be
 * published is the only one in its batch, so that the others are published.
 */
export const handler = async (
  { Records }: DynamoDBStreamEvent,
  context: Context,
): Promise<DynamoDBBatchResponse> => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - deadlineMarginMs);
  const records = acceptHeartbeats(Records, publishMetrics);
  const unpublished = await publishBatch(records, putEntries, signal);
  if (!unpublished) return { batchItemFailures: [] };
  const { index, cause } = unpublished;
  const itemIdentifier = records[index]?.dynamodb?.SequenceNumber ?? '';
  logFailure({ record: itemIdentifier }, cause);
  if (index === 0) throw new Error(`Record ${itemIdentifier} can't be published`, { cause });
  return { batchItemFailures: [{ itemIdentifier }] };
};
