import type { DynamoDBRecord } from 'aws-lambda';
import type { StreamConsumer, StreamParameters } from '../../lib/manifest/stream-consumers.ts';

/** A consumer of a test's own: what the test is about, and the rest as it hinders least. */
export const consumerOf = (mapping: Partial<StreamParameters> = {}): StreamConsumer => ({
  name: 'tested',
  handler: 'none',
  description: 'A test’s own',
  timeout: 5,
  mapping: {
    filters: [{}],
    startingPosition: 'TRIM_HORIZON',
    batchSize: 100,
    maximumBatchingWindow: 0,
    bisectBatchOnError: true,
    retryAttempts: 2,
    maximumRecordAge: 3_600,
    reportBatchItemFailures: true,
    ...mapping,
  },
  deadLetters: true,
  actions: {},
});

/** A record of the stream, named by a number that is its sequence number too. */
export const recordOf = (number: number, arrivedAt = Date.now()): DynamoDBRecord => ({
  eventID: `${number}`,
  eventName: 'INSERT',
  dynamodb: { SequenceNumber: `${number}`, ApproximateCreationDateTime: arrivedAt / 1000 },
});

export const sequenceNumbers = (records: DynamoDBRecord[]): number[] =>
  records.map(({ dynamodb }) => Number(dynamodb?.SequenceNumber));
