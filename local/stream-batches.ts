import type { _Record } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import type { StreamParameters } from '../lib/manifest/stream-consumers.ts';
import { matches } from './stream-filter.ts';

/** Lambda's limit for an event as JSON is 6 MB. The 100 bytes are for the JSON around the records. */
const maxPayloadBytes = 6 * 1024 * 1024 - 100;

/** The number of records in the next batch: at least one, even if it is larger than the limit. */
const nextBatchLength = (records: DynamoDBRecord[], batchSize: number): number => {
  let bytes = 0;
  const overflowIndex = records.slice(0, batchSize).findIndex((record) => {
    bytes += Buffer.byteLength(JSON.stringify(record)) + 1;
    return bytes > maxPayloadBytes;
  });
  return overflowIndex < 0 ? Math.min(records.length, batchSize) : Math.max(1, overflowIndex);
};

/** A stream record in the form in which Lambda passes it on, with the time in seconds. */
const toLambdaRecord = (record: _Record, eventSourceARN: string): DynamoDBRecord => {
  const { ApproximateCreationDateTime: time, ...change } = record.dynamodb ?? {};
  return {
    ...record,
    eventSourceARN,
    dynamodb: { ...change, ...(time && { ApproximateCreationDateTime: time.getTime() / 1000 }) },
  } as DynamoDBRecord;
};

/**
 * Filters the records of a shard and groups them into batches. An incomplete batch is delivered when its batching
 * window is over, or when the shard ends.
 */
export async function* toBatches(
  pages: AsyncIterable<_Record[]>,
  { filters, batchSize, maximumBatchingWindow }: StreamParameters,
  streamArn: string,
): AsyncGenerator<DynamoDBRecord[]> {
  const buffered: DynamoDBRecord[] = [];
  let bufferedSince = 0;
  const isDue = () => Date.now() - bufferedSince >= maximumBatchingWindow * 1000;
  const takeNext = () => buffered.splice(0, nextBatchLength(buffered, batchSize));
  for await (const page of pages) {
    if (!buffered.length) bufferedSince = Date.now();
    for (const record of page.map((each) => toLambdaRecord(each, streamArn)))
      if (filters.some((pattern) => matches(pattern, record))) buffered.push(record);
    while (buffered.length >= batchSize || (buffered.length && isDue())) yield takeNext();
  }
  while (buffered.length) yield takeNext();
}
