import { setTimeout as pause } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import type { StreamConsumer } from '../lib/manifest/stream-consumers.ts';
import { functionArn } from './function-context.ts';

type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** What Lambda sends to the on-failure destination: where the records stand in the stream, not what is in them. */
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
  /** Has the function take a batch; rejects where it fails. */
  invoke: (records: DynamoDBRecord[]) => Promise<unknown>;
  /** Hears of a failure that will be tried again. */
  report: (line: string) => void;
  onDeadLetter: (letter: DeadLetter) => void;
  /** Ends the delivery; an invocation that is under way is waited for. */
  signal: AbortSignal;
}

interface Batch {
  records: DynamoDBRecord[];
  /** How often the function has failed on it. */
  failures: number;
}

const firstRetryDelayMs = 100;
const maxRetryDelayMs = 1_000;

const arrivalMs = (record: DynamoDBRecord | undefined): number =>
  (record?.dynamodb?.ApproximateCreationDateTime ?? 0) * 1000;
const sequenceNumberOf = (record: DynamoDBRecord | undefined): string => record?.dynamodb?.SequenceNumber ?? '';

/**
 * Reads what a function answered for a batch.
 * @returns the place of the first record to be delivered again, or the number of records where all are done.
 * @throws Error for an identifier that is none of the batch's: all of it has failed then.
 */
const countDone = (answer: unknown, records: DynamoDBRecord[]): number => {
  const failures = (answer as { batchItemFailures?: { itemIdentifier?: unknown }[] | null } | null)
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

/** What of a batch is left to do after one try, in order. */
const attempt = async (target: DeliveryTarget, { records, failures }: Batch): Promise<Batch[]> => {
  const { consumer, invoke, report } = target;
  const { reportBatchItemFailures, bisectBatchOnError } = consumer.mapping;
  try {
    const answer = await invoke(records);
    const done = reportBatchItemFailures ? countDone(answer, records) : records.length;
    if (done === records.length) return [];
    // What is left of a batch that got ahead is another batch, and its first record has failed once.
    return [{ records: records.slice(done), failures: done ? 1 : failures + 1 }];
  } catch (error) {
    report(`${consumer.name} failed on ${records.length} records: ${(error as Error).message}`);
    if (!bisectBatchOnError || records.length === 1) return [{ records, failures: failures + 1 }];
    const half = Math.ceil(records.length / 2);
    return [records.slice(0, half), records.slice(half)].map((part) => ({ records: part, failures }));
  }
};

/**
 * Delivers a batch until each record is done or a dead letter, in order: what comes after a failed record waits for it
 * (Lambda's rules for streams: Developer Guide, "Configuring partial batch response with DynamoDB and Lambda"). A
 * delivery that is ended leaves its records to the next start.
 */
export const deliver = async (target: DeliveryTarget, records: DynamoDBRecord[]): Promise<void> => {
  const { consumer, onDeadLetter, signal } = target;
  const { retryAttempts, maximumRecordAge } = consumer.mapping;
  const queue: Batch[] = [{ records, failures: 0 }];
  for (let batch = queue.shift(); batch && !signal.aborted; batch = queue.shift()) {
    const oldestAllowedMs = Date.now() - maximumRecordAge * 1000;
    const expired = batch.records.filter((record) => arrivalMs(record) < oldestAllowedMs);
    if (expired.length) onDeadLetter(toDeadLetter(target, { ...batch, records: expired }, 'RecordAgeExceeded'));
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
