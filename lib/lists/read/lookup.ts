import type { Channel } from '../../channels/channel.ts';
import { includes } from '../../channels/id-range.ts';
import { metaKey } from '../../channels/index-keys.ts';
import { partitionOf } from '../../channels/keys.ts';
import { readFirst } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';
import { sortKeyOf } from './index-queries.ts';
import { readAllChannels, readByIds } from './partition.ts';
import type { Plan } from '../plan/plan.ts';

/** To get as many one by one costs about as much as all that a list may read of the partition. */
const maxLookupHits = 1_000;

/**
 * The channels that bear a value as far as an index knows, as they are now; they may bear it no more. Where many do, all
 * channels within the plan's range.
 * @throws ApiError `query_too_broad` where these are more than the budget lets read
 */
export const lookUpChannels = async (
  table: Table,
  namespace: string,
  { index, value, range }: Extract<Plan, { read: 'references' }>,
): Promise<Channel[]> => {
  const query = {
    IndexName: index,
    KeyConditionExpression: `pk = :pk AND ${sortKeyOf(index)} = :key`,
    ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':key': metaKey(value) },
  };
  const hits = await readFirst(table, query, maxLookupHits + 1);
  if (hits.length > maxLookupHits) return readAllChannels(table, namespace, range);
  // A channel that changes meanwhile may be named twice, and a batch that asks for it twice is refused.
  const ids = new Set(hits.map(({ sk }) => sk as string).filter((id) => includes(range, id)));
  return readByIds(table, namespace, [...ids]);
};
