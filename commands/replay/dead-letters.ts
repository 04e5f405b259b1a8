import { setTimeout as pause } from 'node:timers/promises';
import {
  type _Record,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { type Change, readChange } from '../../lib/dynamodb/stream-record.ts';

/** A failed batch, as Lambda describes it in a dead letter: the range of its records in the stream, without the records. */
export interface FailedBatch {
  streamArn: string;
  shardId: string;
  startSequenceNumber: string;
  endSequenceNumber: string;
  approximateArrivalOfFirstRecord: string;
  approximateArrivalOfLastRecord: string;
  batchSize: number;
}

/** A dead letter that is hidden from other readers for a while. */
export interface DeadLetter {
  batch: FailedBatch;
  /** Deletes it from the queue. */
  remove(): Promise<void>;
  /** Makes it visible again. */
  putBack(): Promise<void>;
}

/** Seconds. It hides a received message from this reader too, so that the queue is read once. */
const visibilityTimeout = 300;

/** Receives all the dead letters of a queue, each once. */
export const receiveDeadLetters = async (queueName: string): Promise<DeadLetter[]> => {
  const client = new SQSClient();
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queueName }));
  const letters = new Map<string, DeadLetter>();
  for (;;) {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: visibilityTimeout,
      WaitTimeSeconds: 2,
    });
    const { Messages = [] } = await client.send(command);
    const fresh = Messages.filter(({ MessageId = '' }) => !letters.has(MessageId));
    if (!fresh.length) return [...letters.values()];
    for (const { MessageId = '', Body = '', ReceiptHandle } of fresh)
      letters.set(MessageId, {
        batch: JSON.parse(Body).DDBStreamBatchInfo,
        remove: async () => {
          await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        },
        putBack: async () => {
          const VisibilityTimeout = 0;
          await client.send(
            new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }),
          );
        },
      });
  }
};

/** Limit for reading the records of one dead letter. */
const readTimeoutMs = 30_000;
const pollIntervalMs = 200;

const numberOf = (record: _Record | undefined) => BigInt(record?.dynamodb?.SequenceNumber ?? 0);

/** Reads a shard from the first record of a batch up to the last, or to the end of the shard. */
const readRange = async (client: DynamoDBStreamsClient, batch: FailedBatch): Promise<_Record[]> => {
  const { streamArn: StreamArn, shardId: ShardId, startSequenceNumber, endSequenceNumber } = batch;
  const abortSignal = AbortSignal.timeout(readTimeoutMs);
  const start = new GetShardIteratorCommand({
    StreamArn,
    ShardId,
    ShardIteratorType: 'AT_SEQUENCE_NUMBER',
    SequenceNumber: startSequenceNumber,
  });
  let iterator = (await client.send(start, { abortSignal })).ShardIterator;
  const last = BigInt(endSequenceNumber);
  const records: _Record[] = [];
  while (iterator !== undefined && numberOf(records.at(-1)) < last) {
    const command = new GetRecordsCommand({ ShardIterator: iterator });
    const page = await client.send(command, { abortSignal });
    records.push(...(page.Records ?? []));
    iterator = page.NextShardIterator;
    if (!page.Records?.length) await pause(pollIntervalMs, undefined, { signal: abortSignal });
  }
  return records.filter((record) => numberOf(record) <= last);
};

const trimmed = () =>
  new Error(
    'the stream no longer has all of its records. Readers of changes miss them until you run "reindex" with --new-generation',
  );

/**
 * Reads the changes of a dead letter from the stream. The range also holds records that the event source mapping filters
 * out: none of them is a change of a channel.
 * @throws Error if the stream has dropped records (it keeps them for 24 hours)
 */
export const readDeadLetterChanges = async (
  client: DynamoDBStreamsClient,
  batch: FailedBatch,
): Promise<Change[]> => {
  const records = await readRange(client, batch).catch((error: unknown) => {
    throw error instanceof TrimmedDataAccessException ? trimmed() : error;
  });
  const isWhole =
    numberOf(records[0]) === BigInt(batch.startSequenceNumber) &&
    numberOf(records.at(-1)) === BigInt(batch.endSequenceNumber);
  if (!isWhole) throw trimmed();
  return records.map((record) => readChange(record as DynamoDBRecord));
};
