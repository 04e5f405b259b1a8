import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { readEventsConfig, readMetricsConfig } from '../lib/config.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { readChange } from '../lib/dynamodb/stream-record.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { connectBus } from '../lib/events/bus.ts';
import { publishBatch } from '../lib/events/publish-batch.ts';
import { acceptHeartbeats } from '../lib/heartbeat.ts';
import { logFailure } from '../lib/log.ts';
import { metricsPublisher } from '../lib/metrics.ts';
import { numberChanges } from '../lib/projections/change-log/number-changes.ts';
import { NumberedRecords } from '../lib/projections/change-log/numbered-records.ts';

/** The time that is left for the response when the work stops. */
const deadlineMarginMs = 5_000;

const { EVENT_BUS, PROJECTIONS_TABLE } = readEventsConfig();
const publishMetrics = metricsPublisher(readMetricsConfig().METRIC_NAMESPACE, 'publish-events');
const putEntries = connectBus(EVENT_BUS);
const client = connect();
const numbered = new NumberedRecords();

const sequenceNumberOf = (record: DynamoDBRecord | undefined) => record?.dynamodb?.SequenceNumber ?? '';

const numberRecords = async (records: DynamoDBRecord[], signal: AbortSignal): Promise<void> => {
  const projections = new Table({ client, meter: new Meter(), signal }, PROJECTIONS_TABLE);
  const remaining = records.filter((record) => !numbered.has(sequenceNumberOf(record)));
  await numberChanges(projections, remaining.map(readChange));
  numbered.add(remaining.map(sequenceNumberOf));
};

/**
 * Numbers the changes of a batch of stream records, and then publishes their events. Reports the record from which Lambda has
 * to deliver again. If that is the first record, the function fails instead. Lambda then halves the batch until a record
 * that cannot be published is the only one in its batch, so that the others are published.
 */
export const handler = async (
  { Records }: DynamoDBStreamEvent,
  context: Context,
): Promise<DynamoDBBatchResponse> => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - deadlineMarginMs);
  const records = acceptHeartbeats(Records, publishMetrics);
  // First, so that no event that cannot be published keeps a change from being numbered.
  await numberRecords(records, signal);
  const unpublished = await publishBatch(records, putEntries, signal);
  if (!unpublished) return { batchItemFailures: [] };
  const { index, cause } = unpublished;
  const itemIdentifier = sequenceNumberOf(records[index]);
  logFailure({ record: itemIdentifier }, cause);
  if (index === 0) throw new Error(`Record ${itemIdentifier} can't be published`, { cause });
  return { batchItemFailures: [{ itemIdentifier }] };
};
