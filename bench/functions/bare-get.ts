import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { connect } from '../../lib/dynamodb/client.ts';

const client = connect();

/** One item, read as a get of ours reads it: what a function costs that is nothing but the SDK. */
export const handler = async (Key: { pk: string; sk: string }) => {
  const { Item } = await client.send(
    new GetCommand({
      TableName: process.env.CHANNELS_TABLE,
      Key,
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return Item;
};
