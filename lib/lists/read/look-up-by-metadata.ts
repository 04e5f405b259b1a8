import type { Channel } from '../../channels/channel.ts';
import { includes } from '../../channels/id-range.ts';
import { metaKey } from '../../channels/index-keys.ts';
import { partitionOf } from '../../channels/keys.ts';
import type { Item } from '../../dynamodb/item.ts';
import { readFirst } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';
import type { Plan } from '../plan/plan.ts';
import { sortKeyOf } from './index-queries.ts';
import { maxReadByIds, readAllChannels, readByIds } from './partition.ts';

/** The maximum number of queries that run at once for a filter by many values. */
const concurrency = 8;

/**
 * Looks channels up by metadata values: one query for each value. The index finds the channels, and the table gives their
 * current state: a channel that has changed meanwhile may no longer have the value. If too many channels have one of the
 * values, all channels of the id range are read.
 * @throws ApiError `query_too_broad` if these exceed the read budget
 */
export const lookUpChannels = async (
  table: Table,
  namespace: string,
  { index, values, idRange }: Extract<Plan, { read: 'lookup' }>,
): Promise<Channel[]> => {
  const find = (value: string): Promise<Item[]> => {
    const query = {
      IndexName: index,
      KeyConditionExpression: `pk = :pk AND ${sortKeyOf(index)} = :key`,
      ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':key': metaKey(value) },
    };
    return readFirst(table, query, maxReadByIds + 1);
  };
  const hits: Item[] = [];
  for (let start = 0; start < values.length; start += concurrency) {
    hits.push(...(await Promise.all(values.slice(start, start + concurrency).map(find))).flat());
    if (hits.length > maxReadByIds) return readAllChannels(table, namespace, idRange);
  }
  // The index may return a changing channel twice, and DynamoDB refuses a batch with a repeated key.
  const ids = new Set(hits.map(({ sk }) => sk as string).filter((id) => includes(idRange, id)));
  return readByIds(table, namespace, [...ids]);
};
