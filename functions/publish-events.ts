import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { readEventsConfig } from '../lib/config.ts';
import { connectBus } from '../lib/events/bus.ts';
import { publishBatch } from '../lib/events/publish-batch.ts';
import { logFailure } from '../lib/log.ts';

/** Milliseconds that are left for an answer when publishing is given up. */
const deadlineMarginMs = 5_000;

const put = connectBus(readEventsConfig().EVENT_BUS);

/**
 * Answers from which record on Lambda has to deliver again. Where that is the very first it fails instead: Lambda then
 * halves the batch, until a record that can't be published is alone and its neighbours go through.
 */
export const handler = async (
  { Records }: DynamoDBStreamEvent,
  context: Context,
): Promise<DynamoDBBatchResponse> => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - deadlineMarginMs);
  const unfinished = await publishBatch(Records, put, signal);
  if (!unfinished) return { batchItemFailures: [] };
  const { index: place, cause } = unfinished;
  const itemIdentifier = Records[place]?.dynamodb?.SequenceNumber ?? '';
  logFailure({ record: itemIdentifier }, cause);
  if (place === 0) throw new Error(`Record ${itemIdentifier} can't be published`, { cause });
  return { batchItemFailures: [{ itemIdentifier }] };
};
