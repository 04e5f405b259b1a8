import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { EventBridgeEvent } from 'aws-lambda';
import { type EventDetail, type PutIfNewer, toRow } from './copy.ts';

const client = DynamoDBDocumentClient.from(new DynamoDBClient());

/** Keeps the copy in the table `COPY_TABLE`, with one conditional write for each row. */
export const putIfNewer: PutIfNewer = async ({ channel, ...row }) => {
  try {
    await client.send(
      new PutCommand({
        TableName: process.env.COPY_TABLE,
        // As text: the document client would lose some numbers and keys of `integration_meta`.
        Item: { ...row, channel: channel && JSON.stringify(channel) },
        ConditionExpression: 'attribute_not_exists(id) OR version < :version',
        ExpressionAttributeValues: { ':version': row.version },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
};

/** Handles one event from the bus. It returns whether the copy has changed. */
export const handler = async ({ detail }: EventBridgeEvent<string, EventDetail>): Promise<boolean> =>
  putIfNewer(toRow(detail));
