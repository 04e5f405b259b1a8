import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { EventBridgeEvent } from 'aws-lambda';

/** The fields of a channel that this consumer reads. The copy holds all fields. */
export interface Channel {
  _id: string;
  __v: number;
}

/** The fields of an event's detail that this consumer reads. `docs/events.schema.json` describes all of them. */
export interface ChannelChange {
  namespace: string;
  version: number;
  channel: Channel | null;
  previous: Channel | null;
}

const client = DynamoDBDocumentClient.from(new DynamoDBClient());

/**
 * Writes a version of a channel, unless the copy already has that version or a later one. So events may come repeatedly
 * and in any order: EventBridge delivers at least once, and keeps no order. A deleted channel stays as a row without a
 * channel, so that an earlier event that comes late can't bring it back.
 * @returns whether the copy has changed
 */
export const putIfNewer = async (
  namespace: string,
  id: string,
  version: number,
  channel: Channel | null,
): Promise<boolean> => {
  try {
    await client.send(
      new PutCommand({
        TableName: process.env.COPY_TABLE,
        // As text: the document client would lose some numbers and keys of `integration_meta`.
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

/** Handles one event from the bus. It returns whether the copy has changed. */
export const handler = async ({ detail }: EventBridgeEvent<string, ChannelChange>): Promise<boolean> => {
  const { namespace, version, channel, previous } = detail;
  const { _id } = (channel ?? previous) as Channel;
  return putIfNewer(namespace, _id, version, channel);
};
