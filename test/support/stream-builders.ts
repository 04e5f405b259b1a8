import type { DynamoDBRecord } from 'aws-lambda';
import type { StreamConsumer, StreamParameters } from '../../lib/manifest/stream-consumers.ts';

/** A stream consumer with the given mapping parameters, and neutral values for the others. */
export const consumerOf = (mapping: Partial<StreamParameters> = {}): StreamConsumer => ({
  name: 'tested',
  handler: 'none',
  description: 'Exists in a test only',
  timeoutSeconds: 5,
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
  permissions: { tables: {} },
});

/** A stream record. The number is both its event id and its sequence number. */
export const recordOf = (number: number, arrivedAt = Date.now()): DynamoDBRecord => ({
  eventID: `${number}`,
  eventName: 'INSERT',
  dynamodb: { SequenceNumber: `${number}`, ApproximateCreationDateTime: arrivedAt / 1000 },
});

export const sequenceNumbers = (records: DynamoDBRecord[]): number[] =>
  records.map(({ dynamodb }) => Number(dynamodb?.SequenceNumber));
