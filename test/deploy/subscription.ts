import {
  type _Record,
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { BusEvent } from '../../local/event-bus.ts';

/** A queue that a rule of another system fills: what it gets of the events of dev. */
export const subscribe = async (name: string, pattern: object) => {
  const sqs = new SQSClient();
  const eventBridge = new EventBridgeClient();
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const bus = { EventBusName: 'client-channels-dev' };
  const EventPattern = JSON.stringify({ source: ['client-channels'], ...pattern });
  await eventBridge.send(new PutRuleCommand({ ...bus, Name: name, EventPattern }));
  await eventBridge.send(
    new PutTargetsCommand({ ...bus, Rule: name, Targets: [{ Id: 'queue', Arn: Attributes?.QueueArn }] }),
  );
  return {
    /** What has come since the last time. */
    receive: async (): Promise<BusEvent[]> => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      for (const { ReceiptHandle } of Messages)
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      return Messages.map(({ Body = '' }) => JSON.parse(Body));
    },
  };
};

/**
 * Puts into a queue what Lambda puts there when it gives up on a batch, which the emulated AWS does not do: one that
 * begins and ends with the records of a channel.
 */
export const sendDeadLetter = async (queueName: string, channelId: string): Promise<void> => {
  const streams = new DynamoDBStreamsClient();
  const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName: 'client-channels-dev' }));
  const { StreamArn } = Streams.at(-1) ?? {};
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const own: { ShardId: string | undefined; record: _Record }[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator }));
    const ofChannel = Records.filter(({ dynamodb }) => dynamodb?.Keys?.sk?.S === channelId);
    own.push(...ofChannel.map((record) => ({ ShardId, record })));
  }
  const numbers = own.map(({ record }) => record.dynamodb?.SequenceNumber);
  const time = new Date().toISOString();
  const letter = {
    DDBStreamBatchInfo: {
      shardId: own[0]?.ShardId,
      streamArn: StreamArn,
      startSequenceNumber: numbers.at(0),
      endSequenceNumber: numbers.at(-1),
      approximateArrivalOfFirstRecord: time,
      approximateArrivalOfLastRecord: time,
      batchSize: own.length,
    },
  };
  const sqs = new SQSClient();
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(letter) }));
};
