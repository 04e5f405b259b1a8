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

/** Creates a queue and a rule that sends matching events of dev to it, as another system would. */
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
    /** Receives and deletes events that are in the queue, at most 10. */
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
 * Sends the dead letter of a batch to a queue, in Lambda's format, because the emulated AWS does not. The batch starts
 * with the first record of a channel and ends with its last.
 */
export const sendDeadLetter = async (queueName: string, channelId: string): Promise<void> => {
  const streams = new DynamoDBStreamsClient();
  const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName: 'client-channels-dev' }));
  const { StreamArn } = Streams.at(-1) ?? {};
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const channelRecords: { ShardId: string | undefined; record: _Record }[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator }));
    const records = Records.filter(({ dynamodb }) => dynamodb?.Keys?.sk?.S === channelId);
    channelRecords.push(...records.map((record) => ({ ShardId, record })));
  }
  const sequenceNumbers = channelRecords.map(({ record }) => record.dynamodb?.SequenceNumber);
  const time = new Date().toISOString();
  const deadLetter = {
    DDBStreamBatchInfo: {
      shardId: channelRecords[0]?.ShardId,
      streamArn: StreamArn,
      startSequenceNumber: sequenceNumbers.at(0),
      endSequenceNumber: sequenceNumbers.at(-1),
      approximateArrivalOfFirstRecord: time,
      approximateArrivalOfLastRecord: time,
      batchSize: channelRecords.length,
    },
  };
  const sqs = new SQSClient();
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(deadLetter) }));
};
