import { setTimeout as pause } from 'node:timers/promises';
import {
  type _Record,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';

/** The position in a shard where reading starts. `at` and `after` are sequence numbers. */
export type StreamPosition = 'TRIM_HORIZON' | 'LATEST' | { at: string } | { after: string };

/** Milliseconds between two reads of a shard without new records. Lambda reads four times a second. */
const pollMs = 200;

const retryDelayMs = 1_000;

/** All shards that the stream still has, in no particular order. */
export const listShards = async (
  client: DynamoDBStreamsClient,
  StreamArn: string,
  abortSignal: AbortSignal,
): Promise<Shard[]> => {
  const shards: Shard[] = [];
  let from: string | undefined;
  do {
    const command = new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId: from });
    const { StreamDescription: page } = await client.send(command, { abortSignal });
    shards.push(...(page?.Shards ?? []));
    from = page?.LastEvaluatedShardId;
  } while (from !== undefined);
  return shards;
};

const iteratorParameters = (position: StreamPosition) => {
  if (typeof position === 'string') return { ShardIteratorType: position };
  return 'at' in position
    ? { ShardIteratorType: 'AT_SEQUENCE_NUMBER' as const, SequenceNumber: position.at }
    : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, SequenceNumber: position.after };
};

const getIterator = async (
  client: DynamoDBStreamsClient,
  StreamArn: string,
  ShardId: string,
  position: StreamPosition,
  abortSignal: AbortSignal,
): Promise<string | undefined> => {
  const command = new GetShardIteratorCommand({ StreamArn, ShardId, ...iteratorParameters(position) });
  return (await client.send(command, { abortSignal })).ShardIterator;
};

const wait = (delayMs: number, signal: AbortSignal) =>
  pause(delayMs, undefined, { signal }).catch(() => undefined);

export interface ShardReaderOptions {
  client: DynamoDBStreamsClient;
  streamArn: string;
  shardId: string;
  from: StreamPosition;
  /** Ends the reading. */
  signal: AbortSignal;
  /** Called with one line for each failed read. */
  report: (line: string) => void;
}

/**
 * Opens a shard at a position and returns its pages of records. When it resolves, all later writes will be read, also
 * from `LATEST`. The pages end with the shard. While there are no new records, pages are empty, with a pause in
 * between. After a failed read it continues at the same position. If the stream has trimmed the next records meanwhile,
 * it continues with the oldest ones that are left.
 * @throws the SDK's error if the first iterator cannot be read.
 */
export const openShard = async ({ client, streamArn, shardId, from, signal, report }: ShardReaderOptions) => {
  let position = from;
  const nextIterator = () => getIterator(client, streamArn, shardId, position, signal);
  let iterator = await nextIterator();

  const recover = async (error: unknown) => {
    if (signal.aborted) return;
    iterator = undefined;
    if (error instanceof TrimmedDataAccessException) position = 'TRIM_HORIZON';
    else if (!(error instanceof ExpiredIteratorException))
      report(`Cannot read the stream now: ${(error as Error).message}`);
    await wait(retryDelayMs, signal);
  };

  const readPage = async (): Promise<{ records: _Record[]; isLast: boolean }> => {
    try {
      iterator ??= await nextIterator();
      const command = new GetRecordsCommand({ ShardIterator: iterator });
      const { Records: records = [], NextShardIterator } = await client.send(command, {
        abortSignal: signal,
      });
      const last = records.at(-1)?.dynamodb?.SequenceNumber;
      if (last !== undefined) position = { after: last };
      iterator = NextShardIterator;
      return { records, isLast: iterator === undefined };
    } catch (error) {
      await recover(error);
      return { records: [], isLast: false };
    }
  };

  return (async function* (): AsyncGenerator<_Record[]> {
    while (!signal.aborted) {
      const { records, isLast } = await readPage();
      yield records;
      if (isLast) return;
      if (!records.length) await wait(pollMs, signal);
    }
  })();
};
