import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { connect } from '../../lib/dynamodb/client.ts';

interface Keys {
  apiKey: { id: string };
  channel: { pk: string; sk: string };
}

const client = connect();

const get = async (TableName: string | undefined, Key: Record<string, string>) =>
  (
    await client.send(
      new GetCommand({ TableName, Key, ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' }),
    )
  ).Item;

/**
 * Reads an API key and then a channel, as `get-channel` does, with the SDK and no other code. It is the baseline of the
 * other functions, because no function that uses the SDK can cost less.
 */
export const handler = async ({ apiKey, channel }: Keys) => {
  const items = [
    await get(process.env.API_KEYS_TABLE, apiKey),
    await get(process.env.CHANNELS_TABLE, channel),
  ];
  return { statusCode: items.every(Boolean) ? 200 : 404 };
};
