import { setTimeout as pause } from 'node:timers/promises';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient, type Shard } from '@aws-sdk/client-dynamodb-streams';
import type { StreamConsumer } from '../lib/manifest/stream-consumers.ts';
import { toBatches } from './stream-batches.ts';
import { type DeadLetter, deliver } from './stream-delivery.ts';
import { invokeConsumer, type StreamHandler } from './stream-function.ts';
import { listShards, openShard, type StreamPosition } from './stream-shards.ts';

export interface StreamMappingOptions {
  consumer: StreamConsumer;
  handler: StreamHandler;
  tableName: string;
  /** Called with one line for each failure and each dropped batch. Default: `console.error`. */
  report?: (line: string) => void;
}

export interface StreamMapping {
  /** The last 1,000 dead letters. Empty if the consumer keeps none. */
  deadLetters: readonly DeadLetter[];
  /** Waits for an invocation in flight and starts no other. Can be called repeatedly. */
  stop(): Promise<void>;
}

const maxDeadLetters = 1_000;

/** Milliseconds between two searches for new shards. */
const shardPollMs = 1_000;

const streamOf = async (tableName: string): Promise<string> => {
  const client = new DynamoDBClient();
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    if (Table?.LatestStreamArn === undefined) throw new Error(`The table ${tableName} has no stream`);
    return Table.LatestStreamArn;
  } finally {
    client.destroy();
  }
};

/** The SDK has an endpoint variable of its own for streams. DynamoDB Local has one endpoint for tables and streams. */
const streamsClient = () => {
  const { AWS_ENDPOINT_URL_DYNAMODB: endpoint } = process.env;
  return new DynamoDBStreamsClient(endpoint === undefined ? {} : { endpoint });
};

/**
 * Delivers the records of a table's stream to a function like Lambda's event source mapping: filtered, in batches,
 * at least once. It reads shards in parallel, but each shard only after its parent. It does not remember its position: each
 * start begins at the consumer's `startingPosition`. When it resolves, all later writes will be delivered.
 * @throws Error if the table has no stream.
 */
export const startStreamMapping = async (options: StreamMappingOptions): Promise<StreamMapping> => {
  const { consumer, handler, tableName, report = console.error } = options;
  const streamArn = await streamOf(tableName);
  const client = streamsClient();
  const stopping = new AbortController();
  const { signal } = stopping;

  const deadLetters: DeadLetter[] = [];
  const onDeadLetter = (letter: DeadLetter) => {
    if (!consumer.deadLetters) return report(`dropped by ${consumer.name}: ${JSON.stringify(letter)}`);
    deadLetters.push(letter);
    if (deadLetters.length > maxDeadLetters) deadLetters.shift();
    report(`dead letter of ${consumer.name}: ${JSON.stringify(letter)}`);
  };
  const target = {
    consumer,
    invoke: (records: Parameters<typeof invokeConsumer>[2]) => invokeConsumer(consumer, handler, records),
    report,
    onDeadLetter,
    signal,
  };

  const running = new Map<string, Promise<void>>();
  const finished = new Set<string>();

  const readShard = async (shardId: string, from: StreamPosition) => {
    const shard = { streamArn, shardId };
    const pages = await openShard({ client, ...shard, from, signal, report });
    const deliverAll = async () => {
      for await (const batch of toBatches(pages, consumer.mapping, streamArn))
        await deliver({ ...target, shard }, batch);
      finished.add(shardId);
    };
    running.set(shardId, deliverAll());
  };

  const startNewShards = async (position: StreamPosition) => {
    const shards = await listShards(client, streamArn, signal);
    const known = new Set(shards.map(({ ShardId }) => ShardId));
    const isNext = ({ ShardId = '', ParentShardId: parent = '' }: Shard) =>
      !running.has(ShardId) && !finished.has(ShardId) && (!known.has(parent) || finished.has(parent));
    if (position === 'LATEST')
      for (const { ShardId = '', SequenceNumberRange: range } of shards)
        if (range?.EndingSequenceNumber !== undefined) finished.add(ShardId);
    for (const shard of shards.filter(isNext)) await readShard(shard.ShardId as string, position);
  };

  const watchShards = async () => {
    while (!signal.aborted) {
      await pause(shardPollMs, undefined, { signal }).catch(() => undefined);
      await startNewShards('TRIM_HORIZON').catch((error: Error) => {
        if (!signal.aborted) report(`Cannot list the shards of the stream now: ${error.message}`);
      });
    }
  };

  await startNewShards(consumer.mapping.startingPosition);
  const watching = watchShards();
  return {
    deadLetters,
    stop: async () => {
      stopping.abort();
      await watching;
      await Promise.all(running.values());
      client.destroy();
    },
  };
};
