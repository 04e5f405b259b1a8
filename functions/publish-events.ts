import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { readEventsConfig, readMetricsConfig } from '../lib/config.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { RememberedRecords } from '../lib/dynamodb/remembered-records.ts';
import { readChange } from '../lib/dynamodb/stream-record.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { connectBus } from '../lib/events/bus.ts';
import { publishBatch } from '../lib/events/publish-batch.ts';
import { type EventOfRecord, readEvents } from '../lib/events/read-events.ts';
import { acceptHeartbeats } from '../lib/heartbeat.ts';
import { writeHistory } from '../lib/history/write-history.ts';
import { logFailure } from '../lib/log.ts';
import { metricsPublisher } from '../lib/metrics.ts';
import { numberChanges } from '../lib/projections/change-log/number-changes.ts';

/** The time that is left for the response when the work stops. */
const deadlineMarginMs = 5_000;

const { EVENT_BUS, PROJECTIONS_TABLE, HISTORY_TABLE } = readEventsConfig();
const publishMetrics = metricsPublisher(readMetricsConfig().METRIC_NAMESPACE, 'publish-events');
const putEntries = connectBus(EVENT_BUS);
const client = connect();
const numbered = new RememberedRecords();
const inHistory = new RememberedRecords();

const sequenceNumberOf = (record: DynamoDBRecord | undefined) => record?.dynamodb?.SequenceNumber ?? '';

/** Unique over all shards, which a sequence number is not (Amazon DynamoDB Streams API Reference, "Record"). */
const eventIdOf = (record: DynamoDBRecord | undefined) => record?.eventID as string;

const openTable = (name: string, signal: AbortSignal) =>
  new Table({ client, meter: new Meter(), signal }, name);

const numberRecords = async (records: DynamoDBRecord[], signal: AbortSignal): Promise<void> => {
  const remaining = records.filter((record) => !numbered.has(eventIdOf(record)));
  await numberChanges(openTable(PROJECTIONS_TABLE, signal), remaining.map(readChange));
  numbered.add(remaining.map(eventIdOf));
};

const keepHistory = async (
  records: DynamoDBRecord[],
  events: EventOfRecord[],
  signal: AbortSignal,
): Promise<void> => {
  const eventIdAt = ({ index }: EventOfRecord) => eventIdOf(records[index]);
  const remaining = events.filter((event) => !inHistory.has(eventIdAt(event)));
  const history = openTable(HISTORY_TABLE, signal);
  await writeHistory(history, remaining, (written) => inHistory.add([eventIdAt(written)]));
};

/**
 * Numbers the changes of a batch of stream records, writes them into the history, and then publishes their events. Reports
 * the record from which Lambda has to deliver again. If that is the first record, the function fails instead. Lambda then
 * halves the batch until a record that cannot be published is the only one in its batch, so that the others are published.
 */
export const handler = async (
  { Records }: DynamoDBStreamEvent,
  context: Context,
): Promise<DynamoDBBatchResponse> => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - deadlineMarginMs);
  const records = acceptHeartbeats(Records, publishMetrics);
  // First, so that no event that cannot be published keeps a change from being numbered.
  await numberRecords(records, signal);
  const { events, unreadable } = readEvents(records);
  await keepHistory(records, events, signal);
  const failed = (await publishBatch(events, putEntries, signal)) ?? unreadable;
  if (!failed) return { batchItemFailures: [] };
  const itemIdentifier = sequenceNumberOf(records[failed.index]);
  logFailure({ record: itemIdentifier }, failed.cause);
  if (failed.index === 0)
    throw new Error(`Record ${itemIdentifier} can't be published`, { cause: failed.cause });
  return { batchItemFailures: [{ itemIdentifier }] };
};
