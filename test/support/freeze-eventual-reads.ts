import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { writeItems } from '../../bench/write-items.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { channelsTable, projectionsTable } from '../../lib/manifest/tables.ts';
import type { ChannelTables } from '../../lib/projections/open-tables.ts';
import { createTables } from '../../local/create-tables.ts';
import type { RewritingProxy } from './rewriting-proxy.ts';

/**
 * From now on, reads that are not strongly consistent see the tables as they are at this moment, as if a replica or an
 * index lags. The tables are copied, and the proxy sends these reads to the copies. (DynamoDB Local always reads the
 * latest state.) A query of an index is never strongly consistent. Scans are not affected.
 */
export const freezeEventualReads = async (
  proxy: RewritingProxy,
  { channels, projections }: ChannelTables,
): Promise<void> => {
  const suffix = `-${randomUUID().slice(0, 8)}`;
  const copyOf = (name: string) => name + suffix;
  await createTables(new DynamoDBClient({}), {
    [copyOf(channels.name)]: channelsTable,
    [copyOf(projections.name)]: projectionsTable,
  });
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  for (const table of [channels, projections]) {
    const items: Item[] = [];
    for await (const item of table.scan()) items.push(item);
    await writeItems(client, copyOf(table.name), items);
  }
  const isCopied = (name: string) => name === channels.name || name === projections.name;
  const nameFor = (name: string, { ConsistentRead }: { ConsistentRead?: boolean }) =>
    isCopied(name) && !ConsistentRead ? copyOf(name) : name;

  proxy.rewriteRequest = (operation, request) => {
    if (operation === 'Query' || operation === 'GetItem')
      return { ...request, TableName: nameFor(request.TableName, request) };
    if (operation !== 'BatchGetItem') return request;
    const tables = Object.entries<object>(request.RequestItems);
    return {
      ...request,
      RequestItems: Object.fromEntries(tables.map(([name, keys]) => [nameFor(name, keys), keys])),
    };
  };
  proxy.rewriteResponse = (operation, _request, response) => {
    if (operation !== 'BatchGetItem') return response;
    const tables = Object.entries(response.Responses);
    return {
      ...response,
      Responses: Object.fromEntries(tables.map(([name, items]) => [name.replace(suffix, ''), items])),
    };
  };
};
