import type { DynamoDBRecord } from 'aws-lambda';
import { heartbeatKey } from './channels/keys.ts';
import type { Table } from './dynamodb/table.ts';
import type { PublishMetrics } from './metrics.ts';

/**
 * Sends a heartbeat through the stream of the channels table, to all stream consumers. A stream without changes and a stream
 * whose records nobody reads look the same in CloudWatch: neither has an iterator age.
 */
export const sendHeartbeat = async (channels: Table): Promise<void> => {
  await channels.update({
    Key: heartbeatKey,
    UpdateExpression: 'SET sentAt = :now',
    ExpressionAttributeValues: { ':now': Date.now() },
  });
};

const isHeartbeat = ({ dynamodb }: DynamoDBRecord): boolean => dynamodb?.Keys?.pk?.S === heartbeatKey.pk;

/** Publishes a metric for each heartbeat in a batch. @returns the other records */
export const acceptHeartbeats = (
  records: DynamoDBRecord[],
  publishMetrics: PublishMetrics,
): DynamoDBRecord[] => {
  for (const { dynamodb } of records.filter(isHeartbeat)) {
    const delay = Date.now() - Number(dynamodb?.NewImage?.sentAt?.N);
    // The clocks of two functions can differ.
    publishMetrics({ HeartbeatDelay: Math.max(0, delay) });
  }
  return records.filter((record) => !isHeartbeat(record));
};
