import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { EventBridgeEvent } from 'aws-lambda';

/** What this consumer reads of a channel; all of it goes into the copy. */
export interface Channel {
  _id: string;
  __v: number;
}

/** What this consumer reads of an event's detail: docs/events.schema.json describes all of it. */
export interface ChannelChange {
  namespace: string;
  version: number;
  channel: Channel | null;
  previous: Channel | null;
}

const client = DynamoDBDocumentClient.from(new DynamoDBClient());

/**
 * Writes what a channel is at a version, unless the copy has that version or a later one already. That makes every
 * repetition harmless and every order right: events come at least once, and EventBridge keeps no order. What was deleted
 * stays as a row without a channel, so that an earlier event that comes late can't bring it back.
 * @returns whether it was news to the copy
 */
export const keep = async (
  namespace: string,
  id: string,
  version: number,
  channel: Channel | null,
): Promise<boolean> => {
  try {
    await client.send(
      new PutCommand({
        TableName: process.env.COPY_TABLE,
        // As text: a document client would lose some numbers and keys of the metadata.
        Item: { namespace, id, version, channel: channel && JSON.stringify(channel) },
        ConditionExpression: 'attribute_not_exists(id) OR version < :version',
        ExpressionAttributeValues: { ':version': version },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
};

/** Takes one event of the bus, however often and in whatever order they come; answers whether it was news. */
export const handler = async ({ detail }: EventBridgeEvent<string, ChannelChange>): Promise<boolean> => {
  const { namespace, version, channel, previous } = detail;
  const { _id } = (channel ?? previous) as Channel;
  return keep(namespace, _id, version, channel);
};
