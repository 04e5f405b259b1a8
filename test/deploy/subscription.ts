import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
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
