import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { readEventsConfig } from '../lib/config.ts';
import { connectBus } from '../lib/events/bus.ts';
import { publishBatch } from '../lib/events/publish-batch.ts';
import { logFailure } from '../lib/log.ts';

/** The time that is left for the response when publishing stops. */
const deadlineMarginMs = 5_000;

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
  const unpublished = await publishBatch(Records, putEntries, signal);
  if (!unpublished) return { batchItemFailures: [] };
  const { index, cause } = unpublished;
  const itemIdentifier = Records[index]?.dynamodb?.SequenceNumber ?? '';
  logFailure({ record: itemIdentifier }, cause);
  if (index === 0) throw new Error(`Record ${itemIdentifier} can't be published`, { cause });
  return { batchItemFailures: [{ itemIdentifier }] };
};
