import { setTimeout as pause } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import type { StreamConsumer } from '../lib/manifest/stream-consumers.ts';
import { functionArn } from './function-context.ts';

type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** What Lambda sends to the on-failure destination: the position of the records in the stream, not their content. */
export interface DeadLetter {
  requestContext: { functionArn: string; condition: Condition; approximateInvokeCount: number };
  version: '1.0';
  timestamp: string;
  DDBStreamBatchInfo: {
    shardId: string;
    streamArn: string;
    startSequenceNumber: string;
    endSequenceNumber: string;
    approximateArrivalOfFirstRecord: string;
    approximateArrivalOfLastRecord: string;
    batchSize: number;
  };
}

export interface DeliveryTarget {
  consumer: StreamConsumer;
  shard: { streamArn: string; shardId: string };
  /** Invokes the function with a batch. Rejects if the function fails. */
  invoke: (records: DynamoDBRecord[]) => Promise<unknown>;
  /** Called with one line for each failed invocation. */
  report: (line: string) => void;
  /** Called when records are dropped: their retries are exhausted, or they are too old. */
  onDeadLetter: (letter: DeadLetter) => void;
  /** Ends the delivery. An invocation in flight is waited for. */
  signal: AbortSignal;
}

interface Batch {
  records: DynamoDBRecord[];
  /** The number of failed invocations. */
  failures: number;
}

const firstRetryDelayMs = 100;
const maxRetryDelayMs = 1_000;

const arrivalMs = (record: DynamoDBRecord | undefined): number =>
  (record?.dynamodb?.ApproximateCreationDateTime ?? 0) * 1000;

const sequenceNumberOf = (record: DynamoDBRecord | undefined): string =>
  record?.dynamodb?.SequenceNumber ?? '';

/**
 * Counts the records of a batch before the first one that the function reports as failed.
 * @throws Error if the result names a record that is not in the batch. Then the whole batch has failed.
 */
const countDone = (result: unknown, records: DynamoDBRecord[]): number => {
  const failures = (result as { batchItemFailures?: { itemIdentifier?: unknown }[] | null } | null)
    ?.batchItemFailures;
  const failedIndexes = (failures ?? []).map(({ itemIdentifier }) => {
    const index = records.findIndex((record) => sequenceNumberOf(record) === itemIdentifier);
    if (!itemIdentifier || index < 0)
      throw new Error(`batchItemFailures names ${JSON.stringify(itemIdentifier)}, which is not in the batch`);
    return index;
  });
  return Math.min(records.length, ...failedIndexes);
};

const toDeadLetter = (
  { consumer, shard }: DeliveryTarget,
  { records, failures }: Batch,
  condition: Condition,
): DeadLetter => ({
  requestContext: { functionArn: functionArn(consumer.name), condition, approximateInvokeCount: failures },
  version: '1.0',
  timestamp: new Date().toISOString(),
  DDBStreamBatchInfo: {
    ...shard,
    startSequenceNumber: sequenceNumberOf(records[0]),
    endSequenceNumber: sequenceNumberOf(records.at(-1)),
    approximateArrivalOfFirstRecord: new Date(arrivalMs(records[0])).toISOString(),
    approximateArrivalOfLastRecord: new Date(arrivalMs(records.at(-1))).toISOString(),
    batchSize: records.length,
  },
});

/** Invokes the function once. Returns the batches that remain, in order. */
const attempt = async (target: DeliveryTarget, { records, failures }: Batch): Promise<Batch[]> => {
  const { consumer, invoke, report } = target;
  const { reportBatchItemFailures, bisectBatchOnError } = consumer.mapping;
  try {
    const result = await invoke(records);
    const done = reportBatchItemFailures ? countDone(result, records) : records.length;
    if (done === records.length) return [];
    // If some records are done, the rest counts as a new batch whose first record has failed once.
    return [{ records: records.slice(done), failures: done ? 1 : failures + 1 }];
  } catch (error) {
    report(`${consumer.name} failed on ${records.length} records: ${(error as Error).message}`);
    if (!bisectBatchOnError || records.length === 1) return [{ records, failures: failures + 1 }];
    const half = Math.ceil(records.length / 2);
    return [records.slice(0, half), records.slice(half)].map((part) => ({ records: part, failures }));
  }
};

/**
 * Delivers a batch until each record is done or a dead letter. The order is kept: the records after a failed one wait
 * for it (Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda"). If the signal ends the
 * delivery, the remaining records are not dropped: the next start delivers them.
 */
export const deliver = async (target: DeliveryTarget, records: DynamoDBRecord[]): Promise<void> => {
  const { consumer, onDeadLetter, signal } = target;
  const { retryAttempts, maximumRecordAge } = consumer.mapping;
  const queue: Batch[] = [{ records, failures: 0 }];
  for (let batch = queue.shift(); batch && !signal.aborted; batch = queue.shift()) {
    const oldestAllowedMs = maximumRecordAge === -1 ? -Infinity : Date.now() - maximumRecordAge * 1000;
    const expired = batch.records.filter((record) => arrivalMs(record) < oldestAllowedMs);
    if (expired.length)
      onDeadLetter(toDeadLetter(target, { ...batch, records: expired }, 'RecordAgeExceeded'));
    const current = { ...batch, records: batch.records.slice(expired.length) };
    if (!current.records.length) continue;
    if (current.failures > retryAttempts) {
      onDeadLetter(toDeadLetter(target, current, 'RetryAttemptsExhausted'));
      continue;
    }
    if (current.failures > 0) {
      const delayMs = Math.min(maxRetryDelayMs, firstRetryDelayMs * 2 ** (current.failures - 1));
      await pause(delayMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
    queue.unshift(...(await attempt(target, current)));
  }
};
