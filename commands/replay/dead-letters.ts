import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { readChange } from '../../lib/dynamodb/stream-record.ts';
import { type ChannelEvent, checkEvent } from '../../lib/events/schema.ts';
import { toEvent } from '../../lib/events/to-event.ts';
import { toBatches } from '../../local/stream-batches.ts';
import type { DeadLetter } from '../../local/stream-delivery.ts';
import { openShard } from '../../local/stream-shards.ts';

type Span = DeadLetter['DDBStreamBatchInfo'];

/** Seconds for which a letter that was read is hidden from other readers, and from this one. */
const hidden = 300;
/** Milliseconds that the stream gets to find the records of a letter. */
const patience = 30_000;

/** A letter that was taken out of the queue for a while. */
export interface Letter {
  span: Span;
  remove(): Promise<void>;
  putBack(): Promise<void>;
}

/** All letters of a queue, each once. */
export const readLetters = async (queueName: string): Promise<Letter[]> => {
  const client = new SQSClient();
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queueName }));
  const letters = new Map<string, Letter>();
  for (;;) {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: hidden,
      WaitTimeSeconds: 2,
    });
    const { Messages = [] } = await client.send(command);
    const fresh = Messages.filter(({ MessageId = '' }) => !letters.has(MessageId));
    if (!fresh.length) return [...letters.values()];
    for (const { MessageId = '', Body = '', ReceiptHandle } of fresh)
      letters.set(MessageId, {
        span: (JSON.parse(Body) as DeadLetter).DDBStreamBatchInfo,
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

/** The records of a letter, as the function was given them. */
const recordsOf = async (client: DynamoDBStreamsClient, span: Span): Promise<DynamoDBRecord[]> => {
  const { streamArn, shardId, startSequenceNumber, endSequenceNumber } = span;
  const consumer = streamConsumers.find(({ name }) => name === 'publish-events');
  if (!consumer) throw new Error('There is no consumer that publishes events');
  const signal = AbortSignal.timeout(patience);
  const pages = await openShard({
    client,
    streamArn,
    shardId,
    from: { at: startSequenceNumber },
    signal,
    report: (line) => console.error(line),
  });
  const numberOf = (record: DynamoDBRecord | undefined) => BigInt(record?.dynamodb?.SequenceNumber ?? 0);
  const [first, last] = [BigInt(startSequenceNumber), BigInt(endSequenceNumber)];
  const records: DynamoDBRecord[] = [];
  for await (const batch of toBatches(pages, { ...consumer.mapping, maximumBatchingWindow: 0 }, streamArn)) {
    records.push(...batch.filter((record) => numberOf(record) <= last));
    if (numberOf(batch.at(-1)) >= last) break;
  }
  if (numberOf(records[0]) !== first || numberOf(records.at(-1)) !== last)
    throw new Error('the stream does not have all of them any more');
  return records;
};

/**
 * The events of a letter, read back from the stream.
 * @throws Error where the stream has dropped the records (it keeps them 24 hours), or one of them is no event.
 */
export const eventsOfLetter = async (client: DynamoDBStreamsClient, span: Span): Promise<ChannelEvent[]> => {
  const events = (await recordsOf(client, span)).map((record) => toEvent(readChange(record)));
  const told = events.filter((event) => event !== undefined);
  told.forEach(checkEvent);
  return told;
};
