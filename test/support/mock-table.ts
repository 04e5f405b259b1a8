import {
  BatchGetCommand,
  type BatchGetCommandInput,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { connect } from '../../lib/dynamodb/client.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';

export interface MockPage {
  items: Item[];
  lastKey?: Record<string, unknown> | undefined;
  /** The read units that the page consumes. */
  units?: number;
}

/**
 * A table named `channels` whose client is mocked, so that a test sees the commands that DynamoDB would get.
 * @param answer makes the page for a query. A query that only counts gets the count of its items.
 * @param find gives the stored item of a key, for a BatchGetItem. By default, each key has an item.
 */
export const mockTable = (
  answer: (query: QueryCommandInput) => MockPage | Promise<MockPage>,
  find: (key: Item) => Item | undefined = (key) => key,
) => {
  const client = connect();
  const queries: QueryCommandInput[] = [];
  const batches: Item[][] = [];
  mockClient(client)
    .on(QueryCommand)
    .callsFake(async (query: QueryCommandInput) => {
      queries.push(query);
      const { items, lastKey, units = 0.5 } = await answer(query);
      return {
        ...(query.Select !== 'COUNT' && { Items: items }),
        Count: items.length,
        LastEvaluatedKey: lastKey,
        ConsumedCapacity: { CapacityUnits: units },
      };
    })
    .on(BatchGetCommand)
    .callsFake(({ RequestItems }: BatchGetCommandInput) => {
      const keys = RequestItems?.channels?.Keys ?? [];
      batches.push(keys);
      return { Responses: { channels: keys.map(find).filter((item) => item !== undefined) } };
    });
  const table = new Table({ client, meter: new Meter(), signal: AbortSignal.timeout(600_000) }, 'channels');
  return {
    table,
    /** The queries that were sent. */
    queries,
    /** The keys of each BatchGetItem that was sent. */
    batches,
  };
};

/**
 * A mocked table that answers queries with these pages in turn. Each page except the last has a key for the next page.
 */
export const mockTableWithPages = (pages: Item[][], units?: number) => {
  let count = 0;
  return mockTable(() => {
    const items = pages[count++] ?? [];
    const sk = items.at(-1)?.sk ?? `page ${count}`;
    const lastKey = count < pages.length ? { pk: 'NS#acme', sk } : undefined;
    return { items, lastKey, ...(units !== undefined && { units }) };
  });
};
