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

/** Where reading begins. */
export type StreamPosition = 'TRIM_HORIZON' | 'LATEST' | { at: string } | { after: string };

/** Milliseconds until a shard without news is asked again; Lambda asks four times a second. */
const pollMs = 200;

const retryDelayMs = 1_000;

/** All shards that the stream still knows, in no order. */
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
  /** Hears why the stream can't be read at the moment. */
  report: (line: string) => void;
}

/**
 * Opens a shard at a position: what is written from now on will be read, also from `LATEST`. The pages end where the
 * shard does; while there is no news, they come empty, with a pause in between. A reading that fails goes on where it
 * was; what the stream has dropped meanwhile can't be had again.
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
      report(`The stream can't be read now: ${(error as Error).message}`);
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
