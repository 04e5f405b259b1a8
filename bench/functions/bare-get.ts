import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { connect } from '../../lib/dynamodb/client.ts';

const client = connect();

/** Reads one item as `get-channel` does, with the SDK and no other code: the baseline of a get. */
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
