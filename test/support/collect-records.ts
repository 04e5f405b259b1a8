import type { DynamoDBRecord } from 'aws-lambda';
import { partitionOf } from '../../lib/channels/keys.ts';
import { type StreamConsumer, streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { startStreamMapping } from '../../local/stream-mapping.ts';

/** The publisher, as it is deployed. */
export const publisher = streamConsumers.find(({ name }) => name === 'publish-events') as StreamConsumer;

export interface CollectedRecords {
  /** It grows until `stop`. */
  records: DynamoDBRecord[];
  stop(): Promise<void>;
}

/** Collects the records that the stream of a table has for the publisher: those of some namespaces, from now on. */
export const collectRecords = async (tableName: string, namespaces: string[]): Promise<CollectedRecords> => {
  const records: DynamoDBRecord[] = [];
  const partitions = namespaces.map(partitionOf);
  const { stop } = await startStreamMapping({
    consumer: { ...publisher, mapping: { ...publisher.mapping, startingPosition: 'LATEST' } },
    handler: ({ Records }) => {
      records.push(...Records.filter(({ dynamodb }) => partitions.includes(dynamodb?.Keys?.pk?.S ?? '')));
    },
    tableName,
  });
  return { records, stop };
};
