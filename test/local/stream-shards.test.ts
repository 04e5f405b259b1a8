import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { startStreamMapping } from '../../local/stream-mapping.ts';
import { openShard } from '../../local/stream-shards.ts';
import { eventually } from '../support/eventually.ts';
import { consumerOf, sequenceNumbers } from '../support/stream-builders.ts';

// DynamoDB Local has one shard that stays open, and its iterators never expire. So these tests mock a stream of AWS.
const streams = mockClient(DynamoDBStreamsClient);
const tables = mockClient(DynamoDBClient);
const streamArn = 'arn:stream';

beforeEach(() => {
  streams.reset();
  process.env.AWS_REGION = 'us-east-1';
});
afterEach(() => {
  tables.reset();
});

const failure = { message: 'no', $metadata: {} };
const page = (number: number) => ({
  Records: [{ dynamodb: { SequenceNumber: `${number}`, ApproximateCreationDateTime: new Date() } }],
});

describe('the shards of a stream', () => {
  it('are read to their ends, each after its parent, even if the stream lists the child first', async () => {
    tables.on(DescribeTableCommand).resolves({ Table: { LatestStreamArn: streamArn } });
    streams.on(DescribeStreamCommand, { ExclusiveStartShardId: undefined }).resolves({
      StreamDescription: {
        Shards: [
          { ShardId: 'child', ParentShardId: 'parent' },
          { ShardId: 'parent', ParentShardId: 'dropped' },
        ],
        LastEvaluatedShardId: 'parent',
      },
    });
    streams.on(DescribeStreamCommand, { ExclusiveStartShardId: 'parent' }).resolves({
      StreamDescription: { Shards: [{ ShardId: 'grandchild', ParentShardId: 'child' }] },
    });
    for (const ShardId of ['parent', 'child', 'grandchild'])
      streams.on(GetShardIteratorCommand, { ShardId }).resolves({ ShardIterator: ShardId });
    streams
      .on(GetRecordsCommand, { ShardIterator: 'parent' })
      .resolves({ ...page(1), NextShardIterator: 'parent-2' })
      .on(GetRecordsCommand, { ShardIterator: 'parent-2' })
      .resolves(page(2))
      .on(GetRecordsCommand, { ShardIterator: 'child' })
      .resolves(page(3))
      .on(GetRecordsCommand, { ShardIterator: 'grandchild' })
      .resolves(page(4));
    const seen: number[] = [];
    const mapping = await startStreamMapping({
      consumer: consumerOf(),
      handler: ({ Records }) => {
        seen.push(...sequenceNumbers(Records));
      },
      tableName: 'any',
    });
    await eventually(() => expect(seen).toHaveLength(4));
    await mapping.stop();
    expect(seen).toEqual([1, 2, 3, 4]);
  });
});

describe('reading a shard', () => {
  const read = async (lines: string[] = []) => {
    const pages = await openShard({
      client: new DynamoDBStreamsClient(),
      streamArn,
      shardId: 'shard',
      from: 'TRIM_HORIZON',
      signal: new AbortController().signal,
      report: (line) => lines.push(line),
    });
    const numbers: string[] = [];
    for await (const records of pages)
      numbers.push(...records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? ''));
    return numbers;
  };
  const iteratorAt = (where: object, ShardIterator: string) =>
    streams.on(GetShardIteratorCommand, where).resolves({ ShardIterator });
  const horizon = { ShardIteratorType: 'TRIM_HORIZON' as const };
  const after1 = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, SequenceNumber: '1' };
  const fromFirst = () => {
    iteratorAt(horizon, 'first');
    iteratorAt(after1, 'after 1');
    streams
      .on(GetRecordsCommand, { ShardIterator: 'first' })
      .resolvesOnce({ ...page(1), NextShardIterator: 'second' })
      .resolves(page(7))
      .on(GetRecordsCommand, { ShardIterator: 'after 1' })
      .resolves(page(2));
    return streams.on(GetRecordsCommand, { ShardIterator: 'second' });
  };

  it('continues after the last record if the iterator has expired', async () => {
    fromFirst().rejects(new ExpiredIteratorException(failure));
    const lines: string[] = [];
    expect({ read: await read(lines), lines }).toEqual({ read: ['1', '2'], lines: [] });
  });

  it('continues after the last record if a call fails, and reports the failure', async () => {
    fromFirst().rejects(new Error('down'));
    const lines: string[] = [];
    expect({ read: await read(lines), lines }).toEqual({
      read: ['1', '2'],
      lines: ['Cannot read the stream now: down'],
    });
  });

  it('continues with the oldest remaining record if the stream has trimmed the next ones', async () => {
    fromFirst().rejects(new TrimmedDataAccessException(failure));
    expect(await read()).toEqual(['1', '7']);
  });
});
